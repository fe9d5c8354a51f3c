package materialize

import "errors"

const maxFaults = 20

// faults collects what is wrong with one text, and stops at maxFaults.
type faults struct{ all []error }

func (f *faults) add(errs ...*Error) {
	for _, e := range errs {
		if !f.full() {
			f.all = append(f.all, e)
		}
	}
}

func (f *faults) full() bool { return len(f.all) >= maxFaults }

func (f *faults) err() error { return errors.Join(f.all...) }
