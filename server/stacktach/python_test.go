package stacktach

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"yardmaster/store/events"
)

func TestValuesPrintAsPythonPrintsThem(t *testing.T) {
	for want, v := range map[string]value{
		`[]`:                           list{},
		`["a", 1, null, ""]`:           list{str("a"), num(1), maybe(events.Text{}), maybe(events.Some(""))},
		`{"a": 1, "b": {"c": []}}`:     object{{"a", num(1)}, {"b", object{{"c", list{}}}}},
		`{}`:                           object{},
		`[null, "x"]`:                  list{some(""), some("x")},
		`1389726000.0`:                 float(1389726000),
		`1389730212.94745`:             float(1389730212.9474499),
		`1389733809.979934`:            float(1389733809.979934),
		`0.0`:                          float(0),
		`-1.5`:                         float(-1.5),
		`1e-05`:                        float(0.00001),
		`0.0001`:                       float(0.0001),
		`1e+16`:                        float(1e16),
		`9999999999999998.0`:           float(9999999999999998),
		`null`:                         float(math.NaN()),
		`"\"\\\n\r\t\b\f\u0001\u007f"`: str("\"\\\n\r\t\b\f\x01\x7f"),
		`"State'"`:                     str("State'"),
		`"gr\u00fc\u00df <b>&"`:        str("grüß <b>&"),
		`"\ud83d\ude00"`:               str("😀"),
		`"\ufffd"`:                     str("\xff"),
	} {
		if got := string(v.print(nil)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestBodiesArePrintedAsPythonIndentsThem(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"a notification", `["monitor.info",{"event_type":"x","payload":{"a":[1,2],"b":null,"c":true}}]`,
			"[\n  \"monitor.info\", \n  {\n    \"event_type\": \"x\", \n    \"payload\": {\n      \"a\": [\n        1, \n        2\n      ], \n      \"b\": null, \n      \"c\": true\n    }\n  }\n]"},
		{"keys keep their order", `{"b":1,"a":2}`, "{\n  \"b\": 1, \n  \"a\": 2\n}"},
		{"nothing in it", `[{}, [], ""]`, "[\n  {}, \n  [], \n  \"\"\n]"},
		{"numbers", `[1.0,1e5,-0,12345678901234567890123,1e400,0.10]`,
			"[\n  1.0, \n  100000.0, \n  0, \n  12345678901234567890123, \n  1e400, \n  0.1\n]"},
		{"not ASCII", `"ü"`, `"\u00fc"`},
		{"no JSON", `[1,`, `[1,`},
		{"nothing", ``, ``},
	} {
		if got := pretty([]byte(c.body)); got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
	}
}

func TestDeepBodiesStayWithinAMultiple(t *testing.T) {
	deep := strings.Repeat("[", 5000) + strings.Repeat("]", 5000)
	got := pretty([]byte(deep))
	if len(got) > 3*len(deep) || !json.Valid([]byte(got)) {
		t.Errorf("%d bytes became %d", len(deep), len(got))
	}
}
