package events

import (
	"crypto/sha256"
	"strconv"

	"yardmaster/store/kv"
)

// The indexes that callers name, with the values that each has. All times are those of the index's name.
const (
	ByRequest  = "request"  // trackers: request. launches (unique): instance, request
	ByLaunched = "launched" // time
	ByInstance = "instance" // instance. Of launches and exists then launched, of deletes then launched and deleted (unique)
	ByDeleted  = "deleted"  // time
	ByMessage  = "message"  // message id
	ByStatus   = "status"   // status, end of the audit period
	ByReceived = "received" // time
	ByUUID     = "uuid"     // image. Of usages unique
	ByCreated  = "created"  // time
	ByStart    = "start"    // time
	ByDigest   = "digest"   // DigestKey (unique)
	byName     = "name"
	bySize     = "size" // of dead letters: time, id, bytes of the body
)

// The tables. They are declarations: all state is in the file.
var (
	Launches = numbered("launches", func(v *Launch) *int64 { return &v.ID },
		unique(ByRequest, func(v *Launch) kv.Key { return kv.Join(kv.Text(v.Instance), kv.Text(v.RequestID)) }),
		index(ByLaunched, func(v *Launch) kv.Key { return kv.Time(v.Launched) }),
		index(ByInstance, func(v *Launch) kv.Key { return kv.Join(kv.Text(v.Instance), kv.Time(v.Launched)) }),
	)

	Deletes = numbered("deletes", func(v *Delete) *int64 { return &v.ID },
		unique(ByInstance, func(v *Delete) kv.Key {
			return kv.Join(kv.Text(v.Instance), kv.Time(v.Launched), kv.Time(v.Deleted))
		}),
		index(ByLaunched, func(v *Delete) kv.Key { return kv.Time(v.Launched) }),
		index(ByDeleted, func(v *Delete) kv.Key { return kv.Time(v.Deleted) }),
	)

	ExistsTable = numbered("exists", func(v *Exists) *int64 { return &v.ID },
		index(ByMessage, func(v *Exists) kv.Key { return kv.Text(v.MessageID) }),
		index(ByStatus, func(v *Exists) kv.Key { return kv.Join(kv.Text(string(v.Status)), kv.Time(v.End)) }),
		index(ByReceived, func(v *Exists) kv.Key { return kv.Time(v.Received) }),
		index(ByInstance, func(v *Exists) kv.Key { return kv.Join(kv.Text(v.Instance), kv.Time(v.Launched)) }),
		index(ByLaunched, func(v *Exists) kv.Key { return kv.Time(v.Launched) }),
	)

	ImageUsages = numbered("image_usages", func(v *ImageUsage) *int64 { return &v.ID },
		unique(ByUUID, func(v *ImageUsage) kv.Key { return kv.Text(v.UUID) }),
		index(ByCreated, func(v *ImageUsage) kv.Key { return kv.Time(v.Created) }),
	)

	ImageDeletes = numbered("image_deletes", func(v *ImageDelete) *int64 { return &v.ID },
		index(ByUUID, func(v *ImageDelete) kv.Key { return kv.Join(kv.Text(v.UUID), kv.Time(v.Deleted)) }),
		index(ByDeleted, func(v *ImageDelete) kv.Key { return kv.Time(v.Deleted) }),
	)

	ImageExistsTable = numbered("image_exists", func(v *ImageExists) *int64 { return &v.ID },
		index(ByMessage, func(v *ImageExists) kv.Key { return kv.Text(v.MessageID) }),
		index(ByStatus, func(v *ImageExists) kv.Key { return kv.Join(kv.Text(string(v.Status)), kv.Time(v.End)) }),
		index(ByReceived, func(v *ImageExists) kv.Key { return kv.Time(v.Received) }),
		index(ByUUID, func(v *ImageExists) kv.Key { return kv.Text(v.UUID) }),
	)

	Trackers = numbered("trackers", func(v *Tracker) *int64 { return &v.ID },
		index(ByRequest, func(v *Tracker) kv.Key { return kv.Text(v.RequestID) }),
		index(ByStart, func(v *Tracker) kv.Key { return kv.Time(v.Start) }),
	)

	Reports = numbered("reports", func(v *Report) *int64 { return &v.ID },
		index(ByCreated, func(v *Report) kv.Key { return kv.Time(v.Created) }),
	)

	DeadLetters = numbered("dead_letters", func(v *DeadLetter) *int64 { return &v.ID },
		unique(ByDigest, func(v *DeadLetter) kv.Key { return DigestKey(v.RoutingKey, v.Body) }),
		index(ByReceived, func(v *DeadLetter) kv.Key { return kv.Time(v.Received) }),
		index(bySize, letterSizeKey),
	)

	DeploymentsTable = numbered("deployments", func(v *Deployment) *int64 { return &v.ID },
		unique(byName, func(v *Deployment) kv.Key { return kv.Text(v.Name) }),
	)

	Tenants = Table[Tenant, string]{&kv.Table[Tenant]{Name: "tenants", Key: func(v *Tenant) kv.Key { return kv.Text(v.ID) }}}
)

// numbered is a table whose records have ids from a counter.
func numbered[V any](name string, id func(*V) *int64, indexes ...kv.Index[V]) Numbered[V] {
	return Numbered[V]{id: id, Table: Table[V, int64]{&kv.Table[V]{
		Name: name, Key: func(v *V) kv.Key { return kv.Int(*id(v)) }, Indexes: indexes, Ascending: true,
	}}}
}

func index[V any](name string, key func(*V) kv.Key) kv.Index[V] {
	return kv.Index[V]{Name: name, Keys: func(v *V) []kv.Key { return []kv.Key{key(v)} }}
}

func unique[V any](name string, key func(*V) kv.Key) kv.Index[V] {
	x := index(name, key)
	x.Unique = true
	return x
}

// DigestKey is the key by which a message that came before is found among the dead letters.
func DigestKey(routingKey string, body []byte) Key {
	h := sha256.New()
	h.Write([]byte(strconv.Quote(routingKey)))
	h.Write(body)
	return h.Sum(nil)
}
