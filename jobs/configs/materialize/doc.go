// Package materialize turns base configs and patches into the objects that a cluster should hold: it reads files into documents in a
// normal form, reads patches, merges them in order, and writes the patches for a move to another namespace or registry and for a size.
//
// Text is read with the rules that kubectl has for YAML, whereupon everything below works on plain values. YAML patches are merged
// strategically: by the merge keys of the built-in kinds' OpenAPI schema, and by "name" where there is no schema.
//
// It knows no cluster, no store, no clock and no file system, keeps nothing between calls, and every result depends on its arguments
// alone. A patch that does not fit is refused with object, line and reason, never applied in part.
package materialize
