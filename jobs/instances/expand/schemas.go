package expand

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// spans are the lengths in seconds that a chunk may have.
var spans = []uint64{
	1, 5, 10, 15, 20, 30, minute, 90, 2 * minute, 3 * minute, 5 * minute, 10 * minute, 15 * minute, 20 * minute, 30 * minute, 45 * minute,
	hour, 90 * minute, 2 * hour, 150 * minute, 3 * hour, 4 * hour, 5 * hour, 6 * hour, 7 * hour, 8 * hour, 9 * hour, 10 * hour, 12 * hour,
	15 * hour, 18 * hour, day,
}

// chunkMonth is what a chunk span must divide.
const chunkMonth = 28 * day

// schemas checks a storage-schemas.conf in carbon's format with what Metrictank adds to retentions.
func (f *faults) schemas(field, text string) {
	c := conf{field, f}
	for _, s := range c.sections(text, "pattern", "retentions", "priority", "reorderBuffer", "reorderBufferAllowUpdate") {
		c.pattern(s, false)
		if o, ok := c.need(s, "retentions", false); ok {
			if err := retentions(o.value); err != nil {
				c.fault(o.line, "retentions: %v", err)
			}
		}
		if o, ok := s.options["priority"]; ok {
			if _, err := strconv.ParseInt(o.value, 10, 32); err != nil {
				c.fault(o.line, "priority %s is no whole number", quoted(o.value))
			}
		}
		if o, ok := s.options["reorderBuffer"]; ok {
			if _, err := strconv.ParseUint(o.value, 10, 32); err != nil {
				c.fault(o.line, "reorderBuffer %s is no number of points", quoted(o.value))
			}
		}
		if o, ok := s.options["reorderBufferAllowUpdate"]; ok {
			if _, err := strconv.ParseBool(o.value); err != nil {
				c.fault(o.line, "reorderBufferAllowUpdate %s is neither true nor false", quoted(o.value))
			}
		}
	}
}

// retention is one archive of a series.
type retention struct{ interval, points uint64 }

func (r retention) length() uint64 { return r.interval * r.points }

// retentions checks a list of archives, from the finest to the coarsest.
func retentions(text string) error {
	var last retention
	for n, def := range strings.Split(text, ",") {
		def = strings.TrimSpace(def)
		r, err := archive(def)
		if err != nil {
			return fmt.Errorf("%s %w", quoted(def), err)
		}
		if n > 0 {
			if err := follows(last, r); err != nil {
				return fmt.Errorf("%s %w", quoted(def), err)
			}
		}
		last = r
	}
	return nil
}

func follows(fine, coarse retention) error {
	switch {
	case coarse.interval <= fine.interval:
		return errors.New("must be coarser than the one before it")
	case coarse.interval%fine.interval != 0:
		return fmt.Errorf("has an interval of %d s, which is no multiple of the %d s before it", coarse.interval, fine.interval)
	case coarse.length() <= fine.length():
		return errors.New("must be kept longer than the one before it")
	case fine.points < coarse.interval/fine.interval:
		return errors.New("has an interval for which the one before it keeps too few points")
	}
	return nil
}

// archive reads interval:ttl[:chunkspan[:numchunks[:ready]]], or carbon's old form seconds:points.
func archive(def string) (retention, error) {
	parts := strings.Split(def, ":")
	if len(parts) < 2 || len(parts) > 5 {
		return retention{}, errors.New("is not interval:ttl[:chunkspan[:numchunks[:ready]]]")
	}
	r, err := points(parts[0], parts[1])
	if err != nil {
		return r, err
	}
	if len(parts) > 2 {
		span, err := seconds(parts[2])
		if err != nil {
			return r, fmt.Errorf("has a chunk span that %w", err)
		}
		if !slices.Contains(spans, span) || chunkMonth%span != 0 {
			return r, fmt.Errorf("has a chunk span of %d s, which Metrictank does not have", span)
		}
	}
	if len(parts) > 3 {
		if n, err := strconv.ParseUint(parts[3], 10, 16); err != nil || n == 0 {
			return r, fmt.Errorf("has %s for the number of chunks", quoted(parts[3]))
		}
	}
	if len(parts) > 4 {
		_, number := strconv.ParseUint(parts[4], 10, 32)
		if _, err := strconv.ParseBool(parts[4]); err != nil && number != nil {
			return r, fmt.Errorf("has %s for ready, which is a boolean or a time in seconds", quoted(parts[4]))
		}
	}
	return r, nil
}

func points(interval, ttl string) (retention, error) {
	i, err := seconds(interval)
	if err != nil {
		return retention{}, fmt.Errorf("has an interval that %w", err)
	}
	if i == 0 {
		return retention{}, errors.New("has an interval of nothing")
	}
	_, noSeconds := strconv.ParseUint(interval, 10, 32)
	n, noPoints := strconv.ParseUint(ttl, 10, 32)
	if noSeconds != nil || noPoints != nil {
		t, err := seconds(ttl)
		if err != nil {
			return retention{}, fmt.Errorf("has a ttl that %w", err)
		}
		n = t / i
	}
	if n == 0 {
		return retention{}, errors.New("keeps no point at all")
	}
	return retention{interval: i, points: n}, nil
}
