package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"yardmaster/executors/backend"
)

// EnsureTopic makes a topic, or adds partitions to it, until the brokers tell of so many.
func (a *Admin) EnsureTopic(ctx context.Context, name string, partitions int32, replication int16) (changed bool, err error) {
	if err := backend.CheckTopic(name); err != nil {
		return false, err
	}
	if err := backend.CheckSize(partitions, replication); err != nil {
		return false, fmt.Errorf("topic %s: %w", name, err)
	}
	err = a.call(ctx, "ensure topic "+name, func(ctx context.Context, c *kgo.Client) error {
		return until(ctx, func() (bool, error) {
			there, err := look(ctx, c, name)
			switch {
			case errors.Is(err, kerr.UnknownTopicOrPartition):
				err = a.create(ctx, c, name, partitions, replication)
			case err != nil || there.Partitions >= partitions:
				return err == nil, err
			default:
				err = a.grow(ctx, c, name, there.Partitions, partitions)
			}
			changed = changed || err == nil
			return false, err
		})
	})
	return changed, err
}

// DropTopic drops a topic until the brokers tell of none. It does not look first: a broker may not have heard yet of one that is there.
func (a *Admin) DropTopic(ctx context.Context, name string) error {
	if err := backend.CheckTopic(name); err != nil {
		return err
	}
	return a.call(ctx, "drop topic "+name, func(ctx context.Context, c *kgo.Client) error {
		return until(ctx, func() (bool, error) {
			if err := a.drop(ctx, c, name); err != nil {
				return false, err
			}
			_, err := look(ctx, c, name)
			if errors.Is(err, kerr.UnknownTopicOrPartition) {
				return true, nil
			}
			return false, err
		})
	})
}

// Topic tells of a topic what the brokers know.
func (a *Admin) Topic(ctx context.Context, name string) (t backend.Topic, err error) {
	if err := backend.CheckTopic(name); err != nil {
		return backend.Topic{}, err
	}
	err = a.call(ctx, "look at topic "+name, func(ctx context.Context, c *kgo.Client) error {
		t, err = look(ctx, c, name)
		return err
	})
	return t, err
}

// look asks a broker anew: what the client remembers may be older than what it did.
func look(ctx context.Context, c *kgo.Client, name string) (backend.Topic, error) {
	ask := kmsg.NewMetadataRequestTopic()
	ask.Topic = &name
	req := kmsg.NewPtrMetadataRequest()
	req.Topics = []kmsg.MetadataRequestTopic{ask}
	req.AllowAutoTopicCreation = false
	resp, err := req.RequestWith(ctx, c)
	if err != nil {
		return backend.Topic{}, err
	}
	for _, t := range resp.Topics {
		if t.Topic == nil || *t.Topic != name {
			continue
		}
		if err := kerr.ErrorForCode(t.ErrorCode); err != nil {
			return backend.Topic{}, err
		}
		found := backend.Topic{Partitions: int32(len(t.Partitions))}
		for _, p := range t.Partitions {
			if p.Partition == 0 {
				found.Replication = int16(len(p.Replicas))
			}
		}
		return found, nil
	}
	return backend.Topic{}, errors.New("the broker's answer is about other topics")
}

// create makes a topic. That another was faster, or that one of that name is still being dropped, is looked at again.
func (a *Admin) create(ctx context.Context, c *kgo.Client, name string, partitions int32, replication int16) error {
	made, err := kadm.NewClient(c).CreateTopic(ctx, partitions, replication, nil, name)
	if err != nil {
		return because(err, made.ErrMessage)
	}
	a.log.InfoContext(ctx, "topic created", "topic", name, "partitions", partitions, "replication", replication)
	return nil
}

func (a *Admin) grow(ctx context.Context, c *kgo.Client, name string, from, to int32) error {
	answers, err := kadm.NewClient(c).UpdatePartitions(ctx, int(to), name)
	if err != nil {
		return err
	}
	answer, err := answers.On(name, nil)
	if err == nil {
		err = answer.Err
	}
	if err != nil {
		return because(err, answer.ErrMessage)
	}
	a.log.InfoContext(ctx, "partitions added", "topic", name, "from", from, "to", to)
	return nil
}

func (a *Admin) drop(ctx context.Context, c *kgo.Client, name string) error {
	dropped, err := kadm.NewClient(c).DeleteTopic(ctx, name)
	if errors.Is(err, kerr.UnknownTopicOrPartition) {
		return nil
	}
	if err != nil {
		return because(err, dropped.ErrMessage)
	}
	a.log.InfoContext(ctx, "topic dropped", "topic", name)
	return nil
}

// The pauses between two looks.
const (
	shortPause = 20 * time.Millisecond
	longPause  = time.Second
)

// until makes a step again and again until one is the last. Errors that pass by themselves are waited out, as long as ctx lasts.
func until(ctx context.Context, step func() (last bool, err error)) error {
	for pause := shortPause; ; pause = min(2*pause, longPause) {
		last, err := step()
		if last || err != nil && !passing(err) {
			return err
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return errors.Join(err, ctx.Err())
		}
	}
}
