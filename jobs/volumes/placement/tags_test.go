package placement

import (
	"slices"
	"strings"
	"testing"
)

func TestParseTagRules(t *testing.T) {
	for _, tt := range []struct {
		text string
		want []TagRule
		bad  bool
	}{
		{text: ""},
		{text: "tier=ssd", want: []TagRule{{Key: "tier", Value: "ssd"}}},
		{text: "tier!=ssd", want: []TagRule{{Key: "tier", Value: "ssd", Not: true}}},
		{text: "a.b_c=1/2", want: []TagRule{{Key: "a.b_c", Value: "1/2"}}},
		{text: "a=b=c", want: []TagRule{{Key: "a=b", Value: "c"}}},
		{text: "a==", want: []TagRule{{Key: "a", Value: "="}}},
		{text: "tier", bad: true},
		{text: "=ssd", bad: true},
		{text: "tier=", bad: true},
		{text: "rack-1=a", bad: true},
		{text: "a=b\n", bad: true},
		{text: "a = b", bad: true},
	} {
		t.Run(tt.text, func(t *testing.T) {
			got, err := ParseTagRules(tt.text)
			if (err != nil) != tt.bad || !slices.Equal(got, tt.want) {
				t.Fatalf("got %v, %v", got, err)
			}
			if tt.bad && err.Error() != "Invalid tag match rule: "+tt.text {
				t.Errorf("got %q", err)
			}
		})
	}
}

func TestTagRuleMatches(t *testing.T) {
	tags := map[string]string{"tier": "ssd"}
	for text, want := range map[string]bool{
		"tier=ssd": true, "tier=hdd": false, "tier!=ssd": false, "tier!=hdd": true,
		"rack=a": false, "rack!=a": true,
	} {
		rules, err := ParseTagRules(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := rules[0].Matches(tags); got != want {
			t.Errorf("%s: got %v", text, got)
		}
	}
}

func FuzzParseTagRules(f *testing.F) {
	for _, s := range []string{"", "a=b", "a!=b", "a=b=c", "!=", "a!!=b", "ü=x", "a=b\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		rules, err := ParseTagRules(s)
		if err != nil || s == "" {
			if len(rules) != 0 {
				t.Fatalf("rules %v with error %v", rules, err)
			}
			return
		}
		if len(rules) != 1 || rules[0].Key == "" || rules[0].Value == "" {
			t.Fatalf("%q gave %v", s, rules)
		}
		if got := rules[0].String(); got != s {
			t.Fatalf("%q came back as %q", s, got)
		}
		if strings.Contains(rules[0].Key, "!") {
			t.Fatalf("%q left its negation in the key", s)
		}
	})
}
