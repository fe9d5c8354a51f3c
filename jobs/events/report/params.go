package report

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Params are the options of one report, checked, with their defaults. They are plain data: an operation carries them.
type Params struct {
	Kind       Kind      `json:"kind"`
	Date       time.Time `json:"utcdate,omitzero"`        // the day on which the period begins
	DaysBack   int       `json:"days_back,omitempty"`     // or so many days ago
	HoursBack  int       `json:"hours_back,omitempty"`    // or at the whole hour so many hours ago
	StartHour  int       `json:"start_hour,omitempty"`    // of that day
	Hours      int       `json:"hours,omitempty"`         // how long the period is; alone: up to now
	Length     string    `json:"period_length,omitempty"` // or the whole day or hour that is over
	At         time.Time `json:"utcdatetime,omitzero"`    // taken for now
	Percentile float64   `json:"percentile,omitempty"`    // 0 to 100
	TooLong    int       `json:"too_long,omitempty"`      // seconds from which a request counts as failed
	Region     string    `json:"region,omitempty"`        // part of a deployment's name
}

// ErrParams is what every refusal of options is.
var ErrParams = errors.New("invalid report options")

// ParamError says which option is wrong, and why.
type ParamError struct{ Field, Reason string }

// Error implements error.
func (e *ParamError) Error() string { return e.Field + ": " + e.Reason }

// Unwrap implements errors.Is for ErrParams.
func (e *ParamError) Unwrap() error { return ErrParams }

func refuse(field, reason string) error { return &ParamError{field, reason} }

const (
	dayLength, hourLength = "day", "hour"

	defaultHours      = 24
	defaultPercentile = 97
	defaultTooLong    = 30 * 60

	mostHours  = 366 * 24
	mostBack   = 3660 * 24
	mostText   = 100
	mostParams = 4096 // bytes of JSON
)

// reader takes one option's text.
type reader func(p *Params, s string) error

var readers = map[string]reader{
	"utcdate":       date,
	"days_back":     number(func(p *Params) *int { return &p.DaysBack }, 1, mostBack/24),
	"hours_back":    number(func(p *Params) *int { return &p.HoursBack }, 1, mostBack),
	"start_hour":    number(func(p *Params) *int { return &p.StartHour }, 0, 23),
	"hours":         number(func(p *Params) *int { return &p.Hours }, 1, mostHours),
	"period_length": length,
	"utcdatetime":   moment,
	"percentile":    fraction,
	"too_long":      number(func(p *Params) *int { return &p.TooLong }, 1, mostHours*3600),
	"region":        region,
}

// Parse checks a report's name and options, each as people write it; - and _ are the same in the name of an option, and an option
// without a text is one not given. The error is a *ParamError.
func Parse(name string, options map[string]string) (Params, error) {
	kind, place, err := parseName(name)
	if err != nil {
		return Params{}, err
	}
	p := Params{Kind: kind, Region: place}
	given := map[string]bool{}
	for _, written := range slices.Sorted(maps.Keys(options)) {
		field, text := strings.ReplaceAll(written, "-", "_"), strings.TrimSpace(options[written])
		switch {
		case readers[field] == nil:
			return Params{}, refuse(cmp.Or(field, "options"), "no report has this option")
		case !slices.Contains(kind.Options(), field):
			return Params{}, refuse(field, fmt.Sprintf("%s has no such option; it has %s", kind, strings.Join(kind.Options(), ", ")))
		case given[field]:
			return Params{}, refuse(field, "given twice")
		case text == "":
			continue
		}
		given[field] = true
		if err := readers[field](&p, text); err != nil {
			return Params{}, refuse(field, err.Error())
		}
	}
	return p.completed(given)
}

// ParseJSON is Parse for an object with the key name beside the options; numbers may be text.
func ParseJSON(body []byte) (Params, error) {
	if len(body) > mostParams {
		return Params{}, refuse("body", fmt.Sprintf("longer than %d bytes", mostParams))
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var all map[string]any
	if err := d.Decode(&all); err != nil || d.More() {
		return Params{}, refuse("body", "not one JSON object")
	}
	options := make(map[string]string, len(all))
	for field, v := range all {
		switch v := v.(type) {
		case nil:
			options[field] = ""
		case string:
			options[field] = v
		case json.Number:
			options[field] = v.String()
		default:
			return Params{}, refuse(field, "neither text nor a number")
		}
	}
	name := options["name"]
	delete(options, "name")
	return Parse(name, options)
}

// completed checks what options say together, and fills in what nobody said.
func (p Params) completed(given map[string]bool) (Params, error) {
	begins := 0
	for _, field := range []string{"utcdate", "days_back", "hours_back"} {
		if given[field] {
			if begins++; begins > 1 {
				return p, refuse(field, "the beginning of the period is given twice")
			}
		}
	}
	switch {
	case given["start_hour"] && given["hours_back"]:
		return p, refuse("start_hour", "hours_back says the hour already")
	case given["period_length"] && given["hours"]:
		return p, refuse("hours", "period_length says it already")
	}
	if kinds[p.Kind].days {
		if begins == 0 && (given["start_hour"] || !given["hours"]) {
			p.DaysBack = 1
		}
		if !given["hours"] {
			p.Hours = defaultHours
		}
	} else if !given["period_length"] && !given["hours"] {
		p.Length = dayLength
	}
	takes := kinds[p.Kind].options
	if slices.Contains(takes, "percentile") && !given["percentile"] {
		p.Percentile = defaultPercentile
	}
	if slices.Contains(takes, "too_long") && !given["too_long"] {
		p.TooLong = defaultTooLong
	}
	return p, nil
}

func number(to func(*Params) *int, least, most int) reader {
	return func(p *Params, s string) error {
		n, err := strconv.Atoi(s)
		if err != nil || n < least || n > most {
			return fmt.Errorf("not a whole number from %d to %d", least, most)
		}
		*to(p) = n
		return nil
	}
}

func fraction(p *Params, s string) error {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !(f > 0 && f <= 100) {
		return errors.New("not a number above 0 and up to 100")
	}
	p.Percentile = f
	return nil
}

func length(p *Params, s string) error {
	if s != dayLength && s != hourLength {
		return errors.New("neither day nor hour")
	}
	p.Length = s
	return nil
}

func date(p *Params, s string) error {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return errors.New("not a date of the form YYYY-MM-DD")
	}
	p.Date = t
	return inRange(t)
}

func moment(p *Params, s string) error {
	for _, layout := range []string{time.DateTime, time.RFC3339, "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			p.At = t.UTC()
			return inRange(p.At)
		}
	}
	return errors.New("not a time of the form YYYY-MM-DD HH:MM:SS")
}

// inRange keeps periods within what a JSON time can say.
func inRange(t time.Time) error {
	if t.Year() < 1970 || t.Year() > 2999 {
		return errors.New("not from 1970 to 2999")
	}
	return nil
}

func region(p *Params, s string) error {
	switch {
	case len(s) > mostText:
		return fmt.Errorf("longer than %d bytes", mostText)
	case p.Region != "" && p.Region != s:
		return errors.New("the report's name says another")
	}
	p.Region = s
	return nil
}
