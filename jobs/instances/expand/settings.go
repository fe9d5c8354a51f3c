package expand

import (
	"cmp"
	"maps"
	"math"
)

// settings are what a component of an instance runs with when all layers have spoken.
type settings struct {
	image    string
	replicas int
	cpu, mem int
	env      map[string]string
}

// kin are a component and what it takes after, the nearest last.
func kin(component string) []string {
	if component == write || component == read {
		return []string{metrictank, component}
	}
	return []string{component}
}

// settings of a component, of the readers and graphites for one colour.
func (c Config) settings(i Instance, component, color string) settings {
	s := c.defaults(i, component)
	s.override(i.Overrides, component)
	switch color {
	case "a":
		s.override(i.OverridesA, component)
	case "b":
		s.override(i.OverridesB, component)
	}
	return s
}

func (c Config) defaults(i Instance, component string) settings {
	var p Component
	s := settings{env: map[string]string{}}
	for _, name := range kin(component) {
		o := c.Components[name]
		p = Component{Image: cmp.Or(o.Image, p.Image), Version: cmp.Or(o.Version, p.Version), Replicas: cmp.Or(o.Replicas, p.Replicas),
			CPU: cmp.Or(o.CPU, p.CPU), Mem: cmp.Or(o.Mem, p.Mem)}
		maps.Copy(s.env, o.Env)
	}
	s.image = p.Image
	if p.Image != "" && p.Version != "" {
		s.image += ":" + p.Version
	}
	if component == importer && p.Image == "" {
		s.image = c.settings(i, metrictank, "").image
	}
	s.replicas = max(p.Replicas, 1)
	cpu, mem := p.CPU, p.Mem
	if component == write || component == read {
		cpu, mem = i.Plan.CPU, i.Plan.Mem
	}
	s.cpu, s.mem = scaled(cpu, i.Plan.ScaleFactor), scaled(mem, i.Plan.ScaleFactor)
	return s
}

func (s *settings) override(all Overrides, component string) {
	for _, name := range kin(component) {
		o := all[name]
		s.image = cmp.Or(o.Image, s.image)
		for _, n := range []struct {
			from *int
			to   *int
		}{{o.Replicas, &s.replicas}, {o.CPU, &s.cpu}, {o.Mem, &s.mem}} {
			if n.from != nil {
				*n.to = *n.from
			}
		}
		maps.Copy(s.env, o.Env)
	}
}

// scaled rounds up: a pod asks for something or nothing.
func scaled(n int, factor float64) int { return int(math.Ceil(float64(n)*factor - 1e-9)) }
