package kube

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var (
	errorf = fmt.Errorf
	is     = errors.Is
)

func TestAnswersHaveAMeaning(t *testing.T) {
	pods := schema.GroupResource{Resource: "pods"}
	many := field.ErrorList{}
	for i := range 20 {
		many = append(many, field.Required(field.NewPath("spec").Index(i), ""))
	}
	for _, tt := range []struct {
		name  string
		err   error
		want  error
		words string
	}{
		{"nobody there", apierrors.NewNotFound(pods, "a"), ErrNotFound, `pods "a" not found`},
		{"no namespace", apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, "a"), ErrNoNamespace, "a"},
		{"another version", apierrors.NewConflict(pods, "a", errors.New("changed")), ErrConflict, "changed"},
		{"not permitted", apierrors.NewForbidden(pods, "a", errors.New("no role")), ErrForbidden, "no role"},
		{"not signed in", apierrors.NewUnauthorized("who"), ErrForbidden, "who"},
		{"a bad request", apierrors.NewBadRequest("nonsense"), ErrInvalid, "nonsense"},
		{"bad fields", apierrors.NewInvalid(schema.GroupKind{Kind: "Pod"}, "a", many), ErrInvalid, "spec[0]: Required value; spec[1]"},
		{"too many requests", apierrors.NewTooManyRequests("later", 1), ErrUnavailable, "later"},
		{"a server's trouble", apierrors.NewInternalError(errors.New("etcd")), ErrUnavailable, "etcd"},
		{"a manifest that a server calls its own trouble", apierrors.NewInternalError(errors.New("failed to create typed patch object: .spec.x: field not declared in schema")),
			ErrInvalid, ".spec.x"},
		{"a Secret whose data is no base64", apierrors.NewInternalError(errors.New("failed to convert new object: unable to convert unstructured object to /v1, Kind=Secret: illegal base64 data")),
			ErrInvalid, "illegal base64"},
		{"no connection", errors.New("connection refused"), ErrUnavailable, "connection refused"},
		{"no answer", context.DeadlineExceeded, ErrUnavailable, "no answer within"},
		{"a namespace on its way out", &apierrors.StatusError{ErrStatus: metav1.Status{Code: http.StatusForbidden,
			Details: &metav1.StatusDetails{Causes: []metav1.StatusCause{{Type: "NamespaceTerminating", Message: "terminated"}}}}}, ErrConflict, "terminated"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := new(Client).fault(t.Context(), "Pod a", tt.err)
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.words) || !strings.HasPrefix(err.Error(), "Pod a: ") {
				t.Errorf("got %v", err)
			}
			if len(err.Error()) > causesMost*textMost {
				t.Errorf("%d bytes", len(err.Error()))
			}
		})
	}
}

func TestTheCallersEndIsNotTheClusters(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := new(Client).fault(ctx, "Pod a", errors.New("request canceled"))
	if !errors.Is(err, context.Canceled) || errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

func TestNoValuesOfWeightInReasons(t *testing.T) {
	for text, want := range map[string]string{
		`Invalid value: {"spec":{"env":[{"name":"PASSWORD","value":"hunter2: [x]"}]}}: field is immutable`: "Invalid value: (not shown): field is immutable",
		`Invalid value: -1: must be greater than or equal to 0`:                                            "Invalid value: -1: must be greater than or equal to 0",
		`Unsupported value: "Sometimes": supported values: "Always", "Never"`:                              `Unsupported value: "Sometimes": supported values: "Always", "Never"`,
		`Invalid value: "` + strings.Repeat("s", 80) + `": too odd`:                                        "Invalid value: (not shown): too odd",
		`Invalid value: []core.Container(nil): must not be empty]`:                                         "Invalid value: (not shown)",
		`Required value`: "Required value",
		`Too long: may not be more than 63 bytes`: "Too long: may not be more than 63 bytes",
	} {
		if got := withoutValue(text); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}
