package queue

import (
	"bytes"
	"testing"
)

func TestFramesOfOthersAreRefused(t *testing.T) {
	for _, text := range []string{"", "\n", "a\n", "a 1", " 1\n", "a \n", "a x\n", "a 1 2\n", "a{ 1\n"} {
		if r, err := openReport(text); err == nil {
			t.Errorf("report %q: read as %+v", text, r)
		}
	}
	for _, text := range []string{"", "1\n", "x w\n", "1 w", "1 \n"} {
		if l, err := openLife("a", text); err == nil {
			t.Errorf("life %q: read as %+v", text, l)
		}
	}
}

func FuzzOpenReport(f *testing.F) {
	for _, seed := range []string{"op 1\nbody", "op -1\n", "op 1", "\n", "op 01\nx"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := openReport(text)
		if err != nil {
			return
		}
		again, err := openReport(frameReport(r))
		if err != nil || again.Op != r.Op || again.Attempt != r.Attempt || !bytes.Equal(again.Payload, r.Payload) {
			t.Errorf("%q: %+v, then %+v %v", text, r, again, err)
		}
	})
}

func FuzzOpenLife(f *testing.F) {
	for _, seed := range []string{"1 w1\nbody", "1 w1\n", "x w1\n", "1  w\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		l, err := openLife("op", text)
		if err != nil {
			return
		}
		again, err := openLife("op", frameLife(l.Attempt, l.Worker, l.Data))
		if err != nil || again.Worker != l.Worker || again.Attempt != l.Attempt || !bytes.Equal(again.Data, l.Data) {
			t.Errorf("%q: %+v, then %+v %v", text, l, again, err)
		}
	})
}
