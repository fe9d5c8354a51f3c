package kv

import (
	"bytes"
	"errors"
	"fmt"

	bolterr "go.etcd.io/bbolt/errors"
)

// structural refuses changes to the set of buckets where others share the transaction: a bucket that
// was dropped cannot be put back for them.
func (t *Tx) structural() error {
	if err := t.writable(); err != nil {
		return err
	}
	if !t.alone {
		return ErrNotAlone
	}
	return nil
}

func (t *Tx) ensure(bucket string) (made bool, err error) {
	if t.bolt.Bucket([]byte(bucket)) != nil {
		return false, nil
	}
	if _, err := t.bolt.CreateBucket([]byte(bucket)); err != nil {
		return false, fmt.Errorf("create %s: %w", bucket, err)
	}
	t.writes++
	return true, nil
}

// dropBucket removes a bucket; one that is not there is no error.
func (t *Tx) dropBucket(bucket string) error {
	err := t.bolt.DeleteBucket([]byte(bucket))
	if errors.Is(err, bolterr.ErrBucketNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("drop %s: %w", bucket, err)
	}
	t.writes++
	return nil
}

func (t *Tx) buckets(prefix []byte) []string {
	var names []string
	c := t.bolt.Cursor()
	for name, _ := c.Seek(prefix); name != nil && bytes.HasPrefix(name, prefix); name, _ = c.Next() {
		names = append(names, string(name))
	}
	return names
}
