package store

import (
	"iter"
	"strings"
	"time"

	"yardmaster/store/kv"
)

// PoolOverride is what was changed of a pool while the server ran; it outlives restarts. An empty field overrides nothing.
type PoolOverride struct {
	Pool        string    `json:"pool"`
	Size        *int      `json:"size,omitempty"`
	Template    string    `json:"template,omitempty"`
	CloneTarget string    `json:"clone_target,omitempty"`
	Reset       time.Time `json:"reset,omitzero"` // machines that are older and not checked out are replaced
}

// Token lets its bearer in as a user. Only its hash finds it; the text is sealed, for its user's list.
type Token struct {
	Hash    string    `json:"hash"` // SHA-256 of the text, in hex
	Sealed  string    `json:"sealed"`
	User    string    `json:"user"`
	Created time.Time `json:"created"`
	Last    time.Time `json:"last,omitzero"`
	Expires time.Time `json:"expires,omitzero"`
}

// User signs in with a password. Hash is bcrypt.
type User struct {
	Name    string    `json:"name"`
	Hash    string    `json:"hash"`
	Role    string    `json:"role"`
	Created time.Time `json:"created"`
}

// RequestState is where an on-demand request stands. The values are stored: append-only, never renamed.
type RequestState string

// The states of an on-demand request.
const (
	RequestPending RequestState = "pending"
	RequestReady   RequestState = "ready"
	RequestFailed  RequestState = "failed"
	RequestDeleted RequestState = "deleted"
)

// VMRequest asks for machines that are made for it.
type VMRequest struct {
	ID        string          `json:"id"`
	State     RequestState    `json:"state"`
	Items     []VMRequestItem `json:"items"`
	Token     string          `json:"token,omitempty"` // hash
	User      string          `json:"user,omitempty"`
	Retries   int             `json:"retries,omitempty"`
	Message   string          `json:"message,omitempty"`
	Requested time.Time       `json:"requested"`
	Ended     time.Time       `json:"ended,omitzero"`
}

// VMRequestItem is how many machines of one pool, asked for under that name.
type VMRequestItem struct {
	Alias string `json:"alias"`
	Pool  string `json:"pool"`
	Count int    `json:"count"`
}

// Count is the number of machines that a request wants.
func (r *VMRequest) Count() int {
	n := 0
	for _, i := range r.Items {
		n += i.Count
	}
	return n
}

// The tasks whose times are kept by day.
const (
	TaskClone = "clone"
	TaskBoot  = "boot"
)

// PoolDay sums up the clones or the boots of one pool on one day (YYYY-MM-DD). Seconds.
type PoolDay struct {
	Date  string  `json:"date"`
	Task  string  `json:"task"`
	Pool  string  `json:"pool"`
	Count int     `json:"count"`
	Total float64 `json:"total"`
	Min   float64 `json:"min"`
	Max   float64 `json:"max"`
}

// TagDay counts the machines that were tagged so on one day.
type TagDay struct {
	Date  string `json:"date"`
	Tag   string `json:"tag"`
	Value string `json:"value"`
	Count int    `json:"count"`
}

// VMTag is what a machine was last tagged with on a day, so that it counts once.
type VMTag struct {
	Date  string `json:"date"`
	VM    string `json:"vm"`
	Tag   string `json:"tag"`
	Value string `json:"value"`
}

// UsageDay is what one user, or all machines with one tag, used on one day: machines taken, machines given back, and the
// seconds for which the latter were held.
type UsageDay struct {
	Date    string  `json:"date"`
	Of      string  `json:"of"`   // "user" or "tag"
	Name    string  `json:"name"` // the user, or what TagUsage says
	Taken   int     `json:"taken,omitempty"`
	Ended   int     `json:"ended,omitempty"`
	Seconds float64 `json:"seconds,omitempty"`
}

// Usage is of users or of tags.
const (
	UsageOfUser = "user"
	UsageOfTag  = "tag"
)

// A tag's key and value share the name of their usage with = between; the key's own are written otherwise.
var (
	tagIn  = strings.NewReplacer("%", "%25", "=", "%3D")
	tagOut = strings.NewReplacer("%25", "%", "%3D", "=")
)

// TagUsage names the usage of all machines with one value of a tag.
func TagUsage(tag, value string) string { return tagIn.Replace(tag) + "=" + value }

// CutTagUsage takes such a name apart.
func CutTagUsage(name string) (tag, value string) {
	tag, value, _ = strings.Cut(name, "=")
	return tagOut.Replace(tag), value
}

func (d *PoolDay) key() kv.Key  { return textKey(d.Date, d.Task, d.Pool) }
func (d *TagDay) key() kv.Key   { return textKey(d.Date, d.Tag, d.Value) }
func (d *VMTag) key() kv.Key    { return textKey(d.Date, d.VM, d.Tag) }
func (d *UsageDay) key() kv.Key { return textKey(d.Date, d.Of, d.Name) }

// dateLayout is how days are named.
const dateLayout = "2006-01-02"

// Date names the day of t, in UTC.
func Date(t time.Time) string { return t.UTC().Format(dateLayout) }

// AddTask counts one clone or boot that ended now.
func AddTask(tx *Tx, task, pool string, took time.Duration) error {
	d := PoolDay{Date: Date(tx.Now()), Task: task, Pool: pool}
	if err := load(tx, poolDays, d.key(), &d); err != nil {
		return err
	}
	s := took.Seconds()
	if d.Count == 0 || s < d.Min {
		d.Min = s
	}
	d.Max = max(d.Max, s)
	d.Count++
	d.Total += s
	return poolDays.Put(tx, &d)
}

// AddTag counts a machine's tag today; the last value of a day counts.
func AddTag(tx *Tx, vm, tag, value string) error {
	t := VMTag{Date: Date(tx.Now()), VM: vm, Tag: tag}
	if err := load(tx, vmTags, t.key(), &t); err != nil {
		return err
	}
	if t.Value == value {
		return nil
	}
	if t.Value != "" {
		if err := bumpTag(tx, t, -1); err != nil {
			return err
		}
	}
	t.Value = value
	if err := bumpTag(tx, t, 1); err != nil {
		return err
	}
	return vmTags.Put(tx, &t)
}

func bumpTag(tx *Tx, t VMTag, n int) error {
	d := TagDay{Date: t.Date, Tag: t.Tag, Value: t.Value}
	if err := load(tx, tagDays, d.key(), &d); err != nil {
		return err
	}
	d.Count += n
	if d.Count <= 0 {
		return tagDays.drop(tx, d.key())
	}
	return tagDays.Put(tx, &d)
}

// AddUsage adds to today's usage of a user or tag.
func AddUsage(tx *Tx, of, name string, taken, ended int, held time.Duration) error {
	d := UsageDay{Date: Date(tx.Now()), Of: of, Name: name}
	if err := load(tx, usageDays, d.key(), &d); err != nil {
		return err
	}
	d.Taken += taken
	d.Ended += ended
	d.Seconds += held.Seconds()
	return usageDays.Put(tx, &d)
}

// load reads what is there already into v.
func load[V any](tx *Tx, t Table[V], key kv.Key, v *V) error {
	got, err := t.kv.Get(tx, key)
	switch {
	case isNotFound(err):
		return nil
	case err != nil:
		return err
	}
	*v = got
	return nil
}

// PoolDays are the clones and boots from one day to another, both included, by date. Dates as Date writes them.
func PoolDays(tx *Tx, from, to string) iter.Seq2[PoolDay, error] { return days(tx, poolDays, from, to) }

// TagDays are the tags from one day to another.
func TagDays(tx *Tx, from, to string) iter.Seq2[TagDay, error] { return days(tx, tagDays, from, to) }

// UsageDays is the usage from one day to another.
func UsageDays(tx *Tx, from, to string) iter.Seq2[UsageDay, error] {
	return days(tx, usageDays, from, to)
}

// days scans keys that begin with a date, in text order. A text ends in 0x00, so that 0x01 comes right after the last day.
func days[V any](tx *Tx, t Table[V], from, to string) iter.Seq2[V, error] {
	return t.kv.ScanRange(tx, kv.Range{From: kv.Text(from), Before: append(kv.Prefix(to), 0x01)})
}

// PutPoolDay writes what another system counted.
func PutPoolDay(tx *Tx, d *PoolDay) error { return poolDays.Put(tx, d) }

// PutTagDay writes what another system counted.
func PutTagDay(tx *Tx, d *TagDay) error { return tagDays.Put(tx, d) }

// ForgetTags drops at most n notes of what machines were tagged with on days before date; the counts of those days stay.
func ForgetTags(tx *Tx, date string, n int) (int, error) {
	old, err := upTo(n, vmTags.kv.ScanRange(tx, kv.Range{Before: kv.Text(date)}))
	for i := range old {
		if err == nil {
			err = vmTags.drop(tx, old[i].key())
		}
	}
	return len(old), err
}

// TokensOf lists the tokens of a user.
func TokensOf(tx *Tx, user string) ([]Token, error) { return Tokens.List(tx, ByOwner, user) }

// PendingRequests lists the on-demand requests that are not complete.
func PendingRequests(tx *Tx) ([]VMRequest, error) {
	return VMRequests.List(tx, byState, string(RequestPending))
}

// ForgetRequests drops at most n requests that ended before t.
func ForgetRequests(tx *Tx, t time.Time, n int) (int, error) {
	old, err := upTo(n, VMRequests.kv.ScanIndexRange(tx, byEnd, kv.Range{Before: kv.Time(t)}))
	for i := range old {
		if err == nil {
			err = VMRequests.Delete(tx, old[i].ID)
		}
	}
	return len(old), err
}

// ForgetVMs drops at most n machines that were destroyed before t.
func ForgetVMs(tx *Tx, t time.Time, n int) (int, error) {
	old, err := upTo(n, VMs.kv.ScanIndexRange(tx, byEnd, kv.Range{Before: kv.Time(t)}))
	for i := range old {
		if err == nil {
			err = DropVM(tx, old[i].Name)
		}
	}
	return len(old), err
}

func upTo[V any](n int, all iter.Seq2[V, error]) ([]V, error) {
	var out []V
	for v, err := range all {
		if err != nil {
			return nil, err
		}
		if out = append(out, v); len(out) == n {
			break
		}
	}
	return out, nil
}
