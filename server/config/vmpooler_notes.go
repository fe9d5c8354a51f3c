package config

import "fmt"

// repeated is a warning and how often it would have been given again.
type repeated struct {
	index int // in the warnings
	more  int
}

// note warns of a value. Of the same about many entries of a list only the first is named, and the others are counted.
func (s *vmpoolerSource) note(at origin, kind, text string) {
	said := kind + "\x00" + text
	if r, again := s.notes[said]; again && kind != "" {
		r.more++
		return
	}
	s.notes[said] = &repeated{index: len(s.warnings)}
	if at.key != "" {
		text = at.key + ": " + text
	}
	s.warn("%s: %s", at.where, text)
}

func (s *vmpoolerSource) tellRepeated() {
	for _, r := range s.notes {
		if r.more > 0 {
			s.warnings[r.index] += fmt.Sprintf(" (and %d more times)", r.more)
		}
	}
}
