package materialize

import (
	"encoding/json"
	"errors"
	"fmt"

	jsonpatch "github.com/evanphx/json-patch/v5"
)

const (
	maxCopied = 1 << 20 // what the copies of one patch may add
	maxObject = 4 << 20 // more than any cluster takes
)

// operate carries out the operations of a JSON patch.
func operate(tree map[string]any, ops jsonpatch.Patch) (map[string]any, *misfit) {
	j, err := json.Marshal(tree)
	if err != nil {
		return nil, &misfit{reason: err.Error()}
	}
	out, err := carryOut(j, ops)
	if err != nil {
		return nil, culprit(j, ops)
	}
	if len(out) > maxObject {
		return nil, &misfit{path: []string{"patch"}, reason: fmt.Sprintf("the object would have more than %d bytes", maxObject)}
	}
	v, err := decodeJSON(out)
	if err != nil {
		return nil, &misfit{path: []string{"patch"}, reason: "what remains is no object"}
	}
	result, ok := v.(map[string]any)
	if !ok {
		return nil, &misfit{path: []string{"patch"}, reason: "what remains is " + sortOf(v) + ", no object"}
	}
	return result, nil
}

func carryOut(j []byte, ops jsonpatch.Patch) ([]byte, error) {
	o := jsonpatch.NewApplyOptions()
	o.SupportNegativeIndices = false
	o.AccumulatedCopySizeLimit = maxCopied
	return ops.ApplyWithOptions(j, o)
}

// culprit is the first operation that does not fit, and why.
func culprit(j []byte, ops jsonpatch.Patch) *misfit {
	for i := range ops {
		if _, err := carryOut(j, ops[:i+1]); err != nil {
			return &misfit{path: []string{"patch", index(i)}, reason: objection(ops[i], err)}
		}
	}
	return &misfit{path: []string{"patch"}, reason: "does not fit"}
}

// objection says it in our words: the codec's may repeat values.
func objection(op jsonpatch.Operation, err error) string {
	path, _ := op.Path()
	from, _ := op.From()
	what := op.Kind() + " " + shorten(path)
	var tooMuch *jsonpatch.AccumulatedCopySizeError
	switch {
	case errors.Is(err, jsonpatch.ErrTestFailed):
		return what + ": the object has another value there"
	case errors.As(err, &tooMuch):
		return fmt.Sprintf("%s: the copies add more than %d bytes", what, maxCopied)
	case errors.Is(err, jsonpatch.ErrMissing) && (op.Kind() == "move" || op.Kind() == "copy"):
		return what + ": " + shorten(from) + " or where it goes is not there"
	case errors.Is(err, jsonpatch.ErrMissing):
		return what + ": nothing is there"
	case errors.Is(err, jsonpatch.ErrInvalidIndex):
		return what + ": the list has no such index"
	}
	return what + " does not fit the object"
}
