package stacktach

import (
	"testing"

	"yardmaster/store/events"
)

func TestAnExpressionThatRepeatsTooMuchIsRefused(t *testing.T) {
	for expression, want := range map[string]bool{`compute\..*(start|end)$`: true, `[a-f0-9]{8}(-[a-f0-9]{4}){3}-[a-f0-9]{12}`: true,
		`(((.{1,30}){1,30}){1,30}q)`: false, `(([a-z]{1,30}){1,30}qqq)`: false} {
		_, err := parseCondition(events.Nova, "json__regex", expression)
		if (err == nil) != want {
			t.Errorf("%s: %v", expression, err)
		}
	}
}
