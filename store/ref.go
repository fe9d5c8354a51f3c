package store

import "strings"

// Ref names one record: a noun and its id, as in "volume/ab12". It is never a URL: each dialect knows its own paths.
type Ref struct {
	Kind string `json:"kind,omitempty"`
	ID   string `json:"id,omitempty"`
}

// String is the form that users see and filter by.
func (r Ref) String() string {
	if r == (Ref{}) {
		return ""
	}
	return r.Kind + "/" + r.ID
}

// ParseRef reads what String wrote; a text without a slash is a bare kind.
func ParseRef(s string) Ref {
	kind, id, _ := strings.Cut(s, "/")
	return Ref{Kind: kind, ID: id}
}

// The nouns of the volumes domain, as Refs name them.
const (
	KindCluster     = "cluster"
	KindNode        = "node"
	KindDevice      = "device"
	KindBrick       = "brick"
	KindVolume      = "volume"
	KindBlockVolume = "blockvolume"
	KindLeftover    = "leftover" // a brick that an ended operation left on a silent machine
)

// The nouns of the pools domain.
const (
	KindVM      = "vm"
	KindRequest = "vmrequest"
)
