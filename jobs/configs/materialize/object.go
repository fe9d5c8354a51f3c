package materialize

// Object is one Kubernetes object by what it says of itself.
type Object struct{ APIVersion, Kind, Namespace, Name string }

// ID is what an object is called wherever its bare name is not enough: "Kind.name". A name never starts with an upper-case letter
// and a kind always does, so no id is a bare name of another object.
func (o Object) ID() string { return o.Kind + "." + o.Name }

// Document is one object of a file.
type Document struct {
	Object
	Text string // normal form: YAML of one object with sorted keys, ends in a newline
	File string
	Line int // first line of the document in its file, from 1
}

// Options says how a text is read.
type Options struct {
	// Values replace placeholders, by what stands between their brackets: "ib.namespace" is written ${ib.namespace} (names with a
	// dot), "IMAGE" is written {{IMAGE}} (the others; blanks inside the brackets do not matter).
	Values map[string]string
	// Reserved are names that no object may have.
	Reserved []string
	// MaxBytes and MaxDocuments bound one text; 0 is 16 MiB and 2000.
	MaxBytes, MaxDocuments int
}
