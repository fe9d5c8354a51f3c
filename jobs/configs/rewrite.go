package configs

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"yardmaster/jobs/configs/materialize"
)

var (
	namespaceForm = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
	registryForm  = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?(:[0-9]{1,5})?(/[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)*$`)
)

// MoveNamespace moves all objects that are in a namespace, by one patch each. What is in the old one stays there. Errors:
// ErrInvalid, ErrConflict.
func (s *Service) MoveNamespace(ctx context.Context, by Who, namespace, description string, dry bool) (Change, error) {
	if !namespaceForm.MatchString(namespace) {
		return Change{}, fmt.Errorf("%w: namespace %q: 1 to 63 letters in lower case, digits and - are allowed, with no - at its ends", ErrInvalid, namespace)
	}
	if description == "" {
		description = "Namespace: " + namespace
	}
	return s.rewrite(ctx, by, kindNamespace, fromNamespace, namespace, description, dry)
}

// scopes asks the cluster, once for each kind, whether it knows namespaces. What it does not know or say is taken for namespaced.
func (s *Service) scopes(ctx context.Context) func(apiVersion, kind string) bool {
	known := map[string]bool{}
	return func(apiVersion, kind string) bool {
		key := apiVersion + "/" + kind
		if scoped, asked := known[key]; asked {
			return scoped
		}
		scoped, _, err := s.cluster.ClusterScoped(ctx, apiVersion, kind)
		if err != nil {
			s.log.Warn("scope of a kind not known, taken for namespaced", "kind", kind, "err", err)
		}
		known[key] = scoped && err == nil
		return known[key]
	}
}

// SetRegistry takes all images from another registry, by one patch for each object. Errors: ErrInvalid, ErrConflict.
func (s *Service) SetRegistry(ctx context.Context, by Who, registry, description string, dry bool) (Change, error) {
	registry = strings.TrimSuffix(registry, "/")
	if !registryForm.MatchString(registry) {
		return Change{}, fmt.Errorf("%w: registry %q: a host and a path are needed, such as registry.example.com/team", ErrInvalid, registry)
	}
	if description == "" {
		description = "Image registry: " + registry
	}
	return s.rewrite(ctx, by, kindRegistry, fromRegistry, registry, description, dry)
}

// SetSize sizes all workloads for a cluster of a size; the patches of the size before go. Errors: ErrInvalid, ErrConflict.
func (s *Service) SetSize(ctx context.Context, by Who, size string, dry bool) (Change, error) {
	if _, _, err := materialize.SizePatch(sizeProbe, size); err != nil {
		return Change{}, fmt.Errorf("%w: size %q: standard, large or x-large is needed", ErrInvalid, size)
	}
	return s.rewrite(ctx, by, kindSize, fromSize, size, sizeDescription+size, dry)
}

// sizeDescription is what is said of the patches of a size, before its name.
const sizeDescription = "Cluster size: "

// sizeProbe is an object by which a size shows whether it is known.
const sizeProbe = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: probe\nspec:\n  replicas: 1\n"

// rewrite puts another rewrite of a source in force, and makes its patch for each object that it has something to say of. Those of
// the one before go.
func (s *Service) rewrite(ctx context.Context, by Who, kind, source, to, description string, dry bool) (Change, error) {
	return s.change(ctx, by, kind, dry, func(st *state, e *edit) error {
		for _, p := range slices.Clone(st.patches) {
			if p.Source != source {
				continue
			}
			if err := st.loose(p); err != nil && source == fromSize { // the new one would multiply it
				return err
			}
			if st.wanted(p) {
				st.drop(e, p)
			}
		}
		st.enforce(e, source, &inForce{To: to, Description: description[:min(len(description), longestDescription)], Place: st.version()})
		scoped := s.scopes(ctx)
		for _, id := range st.ids() {
			version, err := st.lay(e, by, id, source, scoped)
			if err != nil {
				return err
			}
			if version != 0 {
				e.patches = append(e.patches, version)
			}
		}
		return nil
	})
}
