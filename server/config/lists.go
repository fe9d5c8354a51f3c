package config

import (
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// volumeOptions is a list of "name value" pairs for gluster volume set; text
// is split at commas, as Heketi does.
func volumeOptions() kind[[]string] {
	return kind[[]string]{
		name:   "list of volume options",
		parse:  parseVolumeOptions,
		format: func(v []string) string { return strings.Join(v, ",") },
	}
}

var volumeOption = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]* [A-Za-z0-9._:/%*+=@ -]+$`)

func parseVolumeOptions(n *yaml.Node) ([]string, error) {
	items := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		items = n.Content
	}
	var out []string
	for _, item := range items {
		text, err := scalarText(item)
		if err != nil {
			return nil, err
		}
		for _, part := range strings.Split(text, ",") {
			part = strings.TrimSpace(part)
			if part == "" {
				continue
			}
			if !volumeOption.MatchString(part) {
				return nil, fmt.Errorf("%s is not an option and its value, as in %q", quote(part), "performance.cache-size 64MB")
			}
			out = append(out, part)
		}
	}
	return out, nil
}

// fieldError names the part of a list or of a group that was refused, as "[2].size", and its line.
type fieldError struct {
	at     string
	line   int
	reason string
}

func (e *fieldError) Error() string { return e.at + ": " + e.reason }
