package configs

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/mail"
	"net/url"
	"slices"
	"strings"

	"yardmaster/jobs/configs/materialize"
	"yardmaster/store"
)

// Names of what this domain keeps among the settings of the yard.
const (
	settingPrefix = "platform." // the platform's own settings
	settingSetup  = "configs setup"
	settingAsleep = "configs asleep"    // since when, if the platform hibernates
	settingSlept  = "configs replicas"  // what workloads had before
	settingPaused = "autoscaling pause" // since when, if autoscaling is paused
)

// A secret is shown so if it is set, and stays as it is if it is sent so.
const secretShown = "***"

// platformSetting is one setting of the platform.
type platformSetting struct {
	name   string
	secret bool
	check  func(value string) string // what is wrong; "" if nothing
}

// platformSettings are all of them. The names are stored.
var platformSettings = []platformSetting{
	{"isAIHubEnvironment", false, boolean},
	{"isDocsEnabled", false, boolean},
	{"isDocsFromWordpress", false, boolean},
	{"isDogfoodEnvironment", false, boolean},
	{"isProdEnvironment", false, boolean},
	{"isSaasEnvironment", false, boolean},
	{"isUATEnvironment", false, boolean},
	{"obsAlertEmailAppPassword", true, line},
	{"obsAlertReceiverEmail", false, address},
	{"obsAlertSenderEmail", false, address},
	{"obsAlertSlackChannel", false, line},
	{"obsAlertSlackUrl", true, link},
	{"obsAlertSmtpServer", false, line},
}

func boolean(v string) string {
	if v == "true" || v == "false" {
		return ""
	}
	return `"true" or "false" is needed`
}

func line(v string) string {
	if len(v) > 1024 || strings.ContainsAny(v, "\r\n\x00") {
		return "one line of up to 1024 bytes is needed"
	}
	return ""
}

func address(v string) string {
	if v == "" {
		return ""
	}
	if a, err := mail.ParseAddress(v); err != nil || a.Address != v {
		return "a mail address is needed"
	}
	return ""
}

func link(v string) string {
	if v == "" {
		return ""
	}
	if u, err := url.Parse(v); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return "a URL with http or https is needed"
	}
	return line(v)
}

// truth says that a setting is true or false.
func (p platformSetting) truth() bool { return p.check("") != "" }

func (p platformSetting) initial() string {
	if p.truth() {
		return "false"
	}
	return ""
}

// placeholder is how base configs name a setting; its value is put in when they are materialized.
func (p platformSetting) placeholder() string { return "ib.settings." + p.name }

const namespacePlaceholder = "ib.namespace"

// lateNames are the placeholders whose values may change after an upload.
func lateNames() []string {
	out := []string{namespacePlaceholder}
	for _, p := range platformSettings {
		out = append(out, p.placeholder())
	}
	return out
}

// late puts the values into a base config that may have changed since it was uploaded.
func (d *Domain) late(text string, settings map[string]string) (string, error) {
	if !strings.Contains(text, "${ib.") {
		return text, nil
	}
	values := map[string]any{namespacePlaceholder: d.cfg.Namespace}
	for _, p := range platformSettings {
		value := orElse(settings[settingPrefix+p.name], p.initial())
		values[p.placeholder()] = value
		if p.truth() {
			values[p.placeholder()] = value == "true"
		}
	}
	return materialize.Fill(text, values)
}

// readSettings are this domain's settings by their stored names, opened.
func (d *Domain) readSettings(tx *store.Tx) (map[string]string, error) {
	out := map[string]string{}
	names := []string{settingSetup, settingAsleep, settingSlept, settingPaused}
	for _, p := range platformSettings {
		names = append(names, settingPrefix+p.name)
	}
	for _, name := range names {
		s, err := store.Settings.Get(tx, name)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if d.secret(name) {
			if s.Value, err = d.seal.Open(s.Value); err != nil {
				return nil, fmt.Errorf("setting %s: %w", name, err)
			}
		}
		out[name] = s.Value
	}
	return out, nil
}

func (d *Domain) secret(name string) bool {
	return slices.ContainsFunc(platformSettings, func(p platformSetting) bool { return p.secret && settingPrefix+p.name == name })
}

// setting is one of this domain's settings; "" if it is not set.
func (s *Service) setting(ctx context.Context, name string) (string, error) {
	var value string
	err := s.db.View(ctx, func(tx *store.Tx) error {
		all, err := s.readSettings(tx)
		value = all[name]
		return err
	})
	return value, err
}

// Settings are the platform's settings. Secrets that are set are masked.
func (s *Service) Settings(ctx context.Context) (map[string]string, error) {
	var out map[string]string
	err := s.db.View(ctx, func(tx *store.Tx) error {
		all, err := s.readSettings(tx)
		out = shown(all)
		return err
	})
	return out, err
}

func shown(all map[string]string) map[string]string {
	out := make(map[string]string, len(platformSettings))
	for _, p := range platformSettings {
		value, set := all[settingPrefix+p.name]
		switch {
		case !set:
			value = p.initial()
		case p.secret && value != "":
			value = secretShown
		}
		out[p.name] = value
	}
	return out
}

// UpdateSettings sets all settings, and materializes and pushes the objects that one of the changed ones is in. Errors: ErrInvalid
// for a missing, unknown or wrong one.
func (s *Service) UpdateSettings(ctx context.Context, by Who, values map[string]string) (Change, error) {
	if err := checkSettings(values); err != nil {
		return Change{}, err
	}
	return s.change(ctx, by, kindSettings, false, func(st *state, e *edit) error {
		for _, p := range platformSettings {
			name, value := settingPrefix+p.name, values[p.name]
			if p.secret && value == secretShown || value == orElse(st.settings[name], p.initial()) {
				continue
			}
			st.settings[name] = value
			if p.secret {
				sealed, err := s.seal.Seal(value)
				if err != nil {
					return err
				}
				value = sealed
			}
			e.write(func(tx *store.Tx, _ *store.Operation) error {
				return store.Settings.Put(tx, &store.Setting{Name: name, Value: value})
			})
			if err := st.users(e, p.placeholder()); err != nil {
				return err
			}
		}
		return nil
	})
}

// users touches the objects whose base config, the one that is in force, has a placeholder in it.
func (st *state) users(e *edit, placeholder string) error {
	for id, o := range st.objects {
		release := newest(slices.Collect(maps.Keys(o.bases)))
		if pin := o.rec.Pin; pin != nil {
			release = pin.Release
		}
		if _, kept := o.bases[release]; !kept {
			continue
		}
		text, err := st.d.unpack(o.bases[release].Body)
		if err != nil {
			return err
		}
		if strings.Contains(text, "${"+placeholder+"}") {
			e.touch(id)
		}
	}
	return nil
}

func checkSettings(values map[string]string) error {
	var faults []error
	for _, p := range platformSettings {
		value, given := values[p.name]
		switch {
		case !given:
			faults = append(faults, fmt.Errorf("%w: settings: %s is missing, all settings must be sent", ErrInvalid, p.name))
		case p.secret && value == secretShown:
		default:
			if why := p.check(value); why != "" {
				faults = append(faults, fmt.Errorf("%w: settings: %s: %s", ErrInvalid, p.name, why))
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !slices.ContainsFunc(platformSettings, func(p platformSetting) bool { return p.name == name }) {
			faults = append(faults, fmt.Errorf("%w: settings: %s is unknown", ErrInvalid, name))
		}
	}
	return errors.Join(faults[:min(len(faults), mostFaults)]...)
}
