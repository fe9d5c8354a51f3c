package redis

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"
)

// Hashes reads hashes and hands them over one by one, in the order of keys; of a key that is not there, none of its fields. A key
// of another kind or size has an error of its own, and the reading goes on; an error of each ends it.
func (r *Reader) Hashes(ctx context.Context, keys []string, each func(key string, fields map[string]string, err error) error) error {
	return r.read(ctx, keys, hash, func(w weighed) error {
		if w.cmd == nil {
			return each(w.key, nil, w.err)
		}
		fields, err := w.cmd.(*redis.MapStringStringCmd).Result()
		if err != nil {
			return r.refused(w, err, func(err error) error { return each(w.key, nil, err) })
		}
		return each(w.key, fields, nil)
	})
}

// Members reads sets, and sorted sets from the lowest score to the highest, in the same way.
func (r *Reader) Members(ctx context.Context, keys []string, each func(key string, members []string, err error) error) error {
	return r.read(ctx, keys, set, func(w weighed) error {
		if w.cmd == nil {
			return each(w.key, nil, w.err)
		}
		members, err := w.cmd.(*redis.StringSliceCmd).Result()
		if err != nil {
			return r.refused(w, err, func(err error) error { return each(w.key, nil, err) })
		}
		return each(w.key, members, nil)
	})
}

// refused judges why a key that was just weighed could not be fetched. Only a change of kind is that key's own affair: a server
// that forbids to read would else look like one that holds nothing.
func (r *Reader) refused(w weighed, err error, skip func(error) error) error {
	if redis.HasErrorPrefix(err, "WRONGTYPE") {
		return skip(ErrKind)
	}
	return fmt.Errorf("redis %s: read a %s: %w", r.Addr(), w.kind, err)
}

// want are kinds of values, as TYPE names them.
type want []string

var (
	hash = want{"hash"}
	set  = want{"set", "zset"}
)

// weighed is a key of which is known what it would cost.
type weighed struct {
	key, kind string
	size      int64
	err       error       // why it is not fetched
	cmd       redis.Cmder // nil if it is not fetched, or not there
}

// read fetches keys in helpings of bounded size.
func (r *Reader) read(ctx context.Context, keys []string, kinds want, each func(weighed) error) error {
	for some := range slices.Chunk(keys, perWeigh) {
		ws, err := r.weigh(ctx, some, kinds)
		if err != nil {
			return err
		}
		for len(ws) > 0 {
			n := helping(ws)
			if err := r.fetch(ctx, ws[:n]); err != nil {
				return err
			}
			for _, w := range ws[:n] {
				if err := each(w); err != nil {
					return err
				}
			}
			clear(ws[:n]) // what was read can go
			ws = ws[n:]
		}
	}
	return nil
}

func (r *Reader) weigh(ctx context.Context, keys []string, kinds want) ([]weighed, error) {
	pipe := r.c.Pipeline()
	types, sizes := make([]*redis.StatusCmd, len(keys)), make([]*redis.IntCmd, len(keys))
	for i, key := range keys {
		types[i] = pipe.Type(ctx, key)
		sizes[i] = pipe.MemoryUsage(ctx, key, 0) // 0: every element counts
	}
	if err := r.exec(ctx, pipe); err != nil {
		return nil, err
	}
	out := make([]weighed, len(keys))
	for i, key := range keys {
		w := weighed{key: key, kind: types[i].Val(), size: sizes[i].Val()}
		switch {
		case types[i].Err() != nil:
			return nil, fmt.Errorf("redis %s: type: %w", r.Addr(), types[i].Err())
		case w.kind == "none":
		case !slices.Contains(kinds, w.kind):
			w.err = fmt.Errorf("%w: a %s", ErrKind, w.kind)
		case sizes[i].Err() != nil: // an old server, or one that forbids to ask
			w.size = blindGuess
		case w.size > maxKey:
			w.err = fmt.Errorf("%w: %d bytes, of at most %d", ErrTooLarge, w.size, maxKey)
		}
		out[i] = w
	}
	return out, nil
}

// helping is how many of ws may be fetched at once: one at least.
func helping(ws []weighed) int {
	total := int64(0)
	for i, w := range ws {
		if w.err == nil {
			total += w.size
		}
		if i > 0 && total > maxAnswer {
			return i
		}
	}
	return len(ws)
}

func (r *Reader) fetch(ctx context.Context, ws []weighed) error {
	pipe := r.c.Pipeline()
	for i := range ws {
		w := &ws[i]
		switch {
		case w.err != nil || w.kind == "none":
		case w.kind == "hash":
			w.cmd = pipe.HGetAll(ctx, w.key)
		case w.kind == "set":
			w.cmd = pipe.SMembers(ctx, w.key)
		default:
			w.cmd = pipe.ZRange(ctx, w.key, 0, -1)
		}
	}
	if pipe.Len() == 0 {
		return nil
	}
	return r.exec(ctx, pipe)
}

// exec sends a pipeline. What the server says against one command is that command's; an error means that it did not answer.
func (r *Reader) exec(ctx context.Context, pipe redis.Pipeliner) error {
	cmds, err := pipe.Exec(ctx)
	if err == nil {
		return nil
	}
	for _, cmd := range cmds {
		if err := cmd.Err(); err != nil && !answered(err) {
			return fmt.Errorf("redis %s: %w", r.Addr(), err)
		}
	}
	return nil
}

// answered says that the server itself refused, and not the way to it.
func answered(err error) bool {
	var refusal redis.Error
	return errors.As(err, &refusal)
}
