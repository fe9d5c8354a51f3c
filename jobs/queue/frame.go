package queue

import (
	"fmt"
	"strconv"
	"strings"
)

// frameLife and frameReport put a line of two words before opaque bytes; the open functions refuse everything else.

func frameLife(attempt int, worker string, data []byte) string {
	return frame(strconv.Itoa(attempt), worker, data)
}

func openLife(op, s string) (Life, error) {
	first, worker, data, err := unframe(s)
	if err != nil {
		return Life{}, fmt.Errorf("sign of life of %s: %w", op, err)
	}
	attempt, err := strconv.Atoi(first)
	if err != nil {
		return Life{}, fmt.Errorf("sign of life of %s: attempt: %w", op, err)
	}
	return Life{Op: op, Attempt: attempt, Worker: worker, Data: data}, nil
}

func frameReport(r Report) string { return frame(r.Op, strconv.Itoa(r.Attempt), r.Payload) }

func openReport(s string) (Report, error) {
	op, second, payload, err := unframe(s)
	if err != nil {
		return Report{}, fmt.Errorf("report: %w", err)
	}
	attempt, err := strconv.Atoi(second)
	if err != nil {
		return Report{}, fmt.Errorf("report of %s: attempt: %w", op, err)
	}
	return Report{Op: op, Attempt: attempt, Payload: payload}, nil
}

func frame(first, second string, body []byte) string {
	return first + " " + second + "\n" + string(body)
}

func unframe(s string) (first, second string, body []byte, err error) {
	line, rest, found := strings.Cut(s, "\n")
	first, second, both := strings.Cut(line, " ")
	if !found || !both || !word(first) || !word(second) {
		return "", "", nil, fmt.Errorf("no line of two words before its body")
	}
	return first, second, []byte(rest), nil
}
