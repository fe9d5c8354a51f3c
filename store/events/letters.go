package events

import (
	"iter"

	"yardmaster/store/kv"
)

// letterHeads reads the records of DeadLetters without their bodies. It is not for writing.
var letterHeads = &kv.Table[LetterHead]{Name: DeadLetters.kv.Name, Key: func(v *LetterHead) kv.Key { return kv.Int(v.ID) }}

// LetterHeads is the dead letters in a range of ids (IDKey), in either direction.
func (t *Tx) LetterHeads(r Range) iter.Seq2[LetterHead, error] { return letterHeads.ScanRange(t.Tx, r) }

// PruneLetters forgets the oldest dead letters until at most so many are left, and their bodies have at most so many bytes. It reads none of
// them.
func (t *Tx) PruneLetters(most int, mostBytes int64) error {
	var all []letterSize
	sum := int64(0)
	err := DeadLetters.kv.WalkKeys(t.Tx, bySize, Range{}, func(k, _ kv.Key) (bool, error) {
		one, err := cutLetterSize(k)
		all, sum = append(all, one), sum+one.bytes
		return true, err
	})
	for ; err == nil && (len(all) > most || len(all) > 0 && sum > mostBytes); all = all[1:] {
		sum -= all[0].bytes
		err = DeadLetters.Delete(t, all[0].id)
	}
	return err
}

type letterSize struct{ id, bytes int64 }

func letterSizeKey(v *DeadLetter) kv.Key {
	return kv.Join(kv.Time(v.Received), kv.Int(v.ID), kv.Int(int64(len(v.Body))))
}

func cutLetterSize(k kv.Key) (s letterSize, err error) {
	if _, k, err = k.CutTime(); err != nil {
		return s, err
	}
	if s.id, k, err = k.CutInt(); err != nil {
		return s, err
	}
	s.bytes, _, err = k.CutInt()
	return s, err
}
