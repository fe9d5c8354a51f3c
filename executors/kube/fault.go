package kube

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Bounds of an error's text.
const (
	causesMost = 8
	textMost   = 600
)

func isNoKind(err error) bool { return errors.Is(err, ErrNoKind) }

// fault is what a request's error means. ctx is the caller's own, whose end is not the cluster's doing.
func (c *Client) fault(ctx context.Context, what string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(ctx.Err(), context.Canceled):
		return fmt.Errorf("%s: %w", what, ctx.Err())
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w: %w", what, ErrUnavailable, ctx.Err())
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s: %w: no answer within %v", what, ErrUnavailable, c.opt.Timeout)
	}
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return fmt.Errorf("%s: %w: %s", what, ErrUnavailable, bare(err))
	}
	s := status.Status()
	return fmt.Errorf("%s: %w: %s", what, meaning(s), reason(s))
}

// meaning is the sentinel for an answer of the cluster.
func meaning(s metav1.Status) error {
	switch s.Code {
	case http.StatusNotFound:
		if s.Details != nil && s.Details.Kind == "namespaces" {
			return ErrNoNamespace
		}
		return ErrNotFound
	case http.StatusConflict:
		return ErrConflict
	case http.StatusForbidden, http.StatusUnauthorized:
		if s.Details != nil && terminating(s.Details.Causes) {
			return ErrConflict
		}
		return ErrForbidden
	case http.StatusTooManyRequests, http.StatusRequestTimeout:
		return ErrUnavailable
	}
	if s.Code >= 500 && !malformed(s.Message) {
		return ErrUnavailable
	}
	return ErrInvalid
}

// malformed knows what the apply of some servers answers with 500 although the manifest is at fault.
func malformed(message string) bool {
	for _, known := range []string{"typed patch object", "field not declared in schema", "unable to convert unstructured object"} {
		if strings.Contains(message, known) {
			return true
		}
	}
	return false
}

func terminating(causes []metav1.StatusCause) bool {
	for _, c := range causes {
		if c.Type == "NamespaceTerminating" {
			return true
		}
	}
	return false
}

// reason is an answer's text: field by field if it names fields.
func reason(s metav1.Status) string {
	if s.Details == nil || len(s.Details.Causes) == 0 {
		return brief(s.Message)
	}
	var parts []string
	for i, c := range s.Details.Causes {
		if i == causesMost {
			parts = append(parts, fmt.Sprintf("and %d more", len(s.Details.Causes)-i))
			break
		}
		text := withoutValue(c.Message)
		if c.Field != "" {
			text = c.Field + ": " + text
		}
		parts = append(parts, brief(text))
	}
	return strings.Join(parts, "; ")
}

// shortValue is the longest value that may stand in an error.
const shortValue = 64

// withoutValue leaves the value out of a text such as "Invalid value: {...}: field is immutable", unless it is a short number or word:
// whole pod templates are told so, with what is secret in them.
func withoutValue(text string) string {
	what, rest, valued := strings.Cut(text, " value: ")
	if !valued {
		return text
	}
	value, why := rest, ""
	switch end := strings.LastIndexAny(rest, "}]"); {
	case strings.HasPrefix(rest, `"`):
		if quoted, err := strconv.QuotedPrefix(rest); err == nil {
			value, why = quoted, rest[len(quoted):]
		}
	case end >= 0:
		value, why = rest[:end+1], rest[end+1:]
	default:
		if i := strings.Index(rest, ": "); i >= 0 {
			value, why = rest[:i], rest[i:]
		}
	}
	if strings.ContainsAny(value, "{[\n") || len(value) > shortValue {
		value = "(not shown)"
	}
	return what + " value: " + value + why
}

// brief is one line of bounded length.
func brief(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > textMost {
		text = strings.ToValidUTF8(text[:textMost], "") + "..."
	}
	return text
}

// bare is a transport's error without the URL.
func bare(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Addr != nil {
		return brief(op.Addr.String() + ": " + op.Err.Error())
	}
	return brief(err.Error())
}
