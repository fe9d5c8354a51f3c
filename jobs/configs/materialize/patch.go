package materialize

// Forms of a patch.
const (
	YAML = "YAML" // a part of an object, merged into it
	JSON = "JSON" // {comment, kind, target, patch: [operations of RFC 6902]}, also when written as YAML
)

// Patch is a change to every object that Target names.
type Patch struct {
	Version int64
	Target  string // object (name or id) or label
	Kind    string // the kind that it is for; "" is any
	Format  string // YAML or JSON; "" is what Body looks like
	Body    string // as given, with its comments
	File    string
	Line    int // first line of Body in File, from 1
	Comment string
}

// Step is a patch on its way onto an object.
type Step struct {
	Patch
	ByLabel bool // Target is a label: objects of other kinds are passed over instead of refused
	// Compiled is what Compile made of the Patch; nil lets Apply do it. Share it between objects and goroutines.
	Compiled *Compiled
	// Write writes the patch for the object as the steps before make it, false where there is nothing to do; nil is Body as it is.
	Write func(text string) (body string, ok bool, err error)
}
