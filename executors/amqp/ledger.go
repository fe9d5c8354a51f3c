package amqp

// ledger knows which of the messages of a channel are acknowledged. Their tags count from 1 without a gap, over all queues of the
// channel; an acknowledgement of several takes every earlier one with it, and one of a tag that is not open closes the channel.
type ledger struct {
	low  uint64              // every tag up to it is acknowledged
	done map[uint64]struct{} // above low
}

// settle takes tags as acknowledged, n of them for the first time. What is to be sent for it: all up to the tag upTo, unless that
// is 0, and each of single.
func (l *ledger) settle(tags []uint64) (upTo uint64, single []uint64, n int) {
	fresh := make(map[uint64]struct{}, len(tags))
	for _, tag := range tags {
		if _, twice := l.done[tag]; twice || tag <= l.low {
			continue
		}
		l.done[tag], fresh[tag] = struct{}{}, struct{}{}
	}
	n = len(fresh)
	for {
		tag := l.low + 1
		if _, ok := l.done[tag]; !ok {
			break
		}
		l.low = tag
		delete(l.done, tag)
		if _, ok := fresh[tag]; ok { // an older one is no longer known to the broker
			upTo = tag
		}
	}
	for _, tag := range tags {
		if _, ok := fresh[tag]; ok && tag > l.low {
			single = append(single, tag)
			delete(fresh, tag)
		}
	}
	return upTo, single, n
}
