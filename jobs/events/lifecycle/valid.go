package lifecycle

import (
	"fmt"
	"regexp"
)

var (
	hexID = regexp.MustCompile(`^[0-9a-f]{32}$`)
	whole = regexp.MustCompile(`^[0-9]+$`)
	plain = regexp.MustCompile(`^[a-zA-Z0-9.]+$`)
	uuid  = regexp.MustCompile(`^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$`)
)

// form is a value and how it should look.
type form struct {
	field, value string
	like         *regexp.Regexp // nil: anything
	name         string
}

// valid looks at the values of a record as the level says.
func (r Rules) valid(x Exists) string {
	if r.Level != LevelBasic && r.Level != LevelAll {
		return ""
	}
	flavor := form{string(TypeID), x.TypeID, whole, "a number"}
	if r.Flavor == FlavorID {
		flavor = form{field: string(FlavorID), value: x.FlavorID}
	}
	forms := []form{{"tenant", x.Tenant, hexID, "32 hexadecimal digits"}, flavor}
	if r.Level == LevelAll {
		forms = append(forms,
			form{"rax_options", x.Options, whole, "a number"},
			form{"os_architecture", x.Architecture, plain, "letters, digits and dots"},
			form{"os_distro", x.Distro, plain, "letters, digits and dots"},
			form{"os_version", x.Version, plain, "letters, digits and dots"})
	}
	return firstFault(forms)
}

func firstFault(forms []form) string {
	for _, f := range forms {
		switch {
		case f.value == "":
			return f.field + " is missing in the record"
		case f.like != nil && !f.like.MatchString(f.value):
			return fmt.Sprintf("%s is %q in the record, and should be %s", f.field, f.value, f.name)
		}
	}
	return ""
}
