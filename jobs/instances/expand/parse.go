package expand

import (
	"bytes"
	"encoding/json"
)

// Parse reads an instance strictly: fields that it does not know are refused by name, as are fields given twice. What it reads is not
// yet valid: see Config.Complete and Config.Validate. Errors are up to 20 *FieldError, joined.
func Parse(raw []byte) (Instance, error) {
	r := &reader{}
	var i Instance
	r.object("", raw, fields{
		"org":                r.whole(&i.Org),
		"name":               r.text(&i.Name),
		"plan":               r.in(i.Plan.fields(r, &i.Plan)),
		"storage":            r.in(fields{"schemas": r.text(&i.Storage.Schemas), "aggregations": r.text(&i.Storage.Aggregations)}),
		"indexRules":         r.text(&i.IndexRules),
		"overrides":          r.overrides(&i.Overrides),
		"overridesA":         r.overrides(&i.OverridesA),
		"overridesB":         r.overrides(&i.OverridesB),
		"adminKey":           r.text(&i.AdminKey),
		"color":              r.text(&i.Color),
		"tsdbAuth":           r.keys(&i.TSDBAuth),
		"revision":           r.whole(&i.Revision),
		"state":              r.text(&i.State),
		"importer":           r.importer(&i.Importer),
		"jobData":            r.job(&i.JobData),
		"rolloutConcurrency": r.whole(&i.RolloutConcurrency),
	})
	if err := r.err(); err != nil {
		return Instance{}, err
	}
	return i, nil
}

// ParseImporter reads the settings of an importer; no text, {} and null are the defaults.
func ParseImporter(raw []byte) (Importer, error) {
	r := &reader{}
	var i Importer
	if len(bytes.TrimSpace(raw)) > 0 {
		r.object("", raw, i.fields(r, &i))
	}
	if err := r.err(); err != nil {
		return Importer{}, err
	}
	return i, nil
}

func (Plan) fields(r *reader, p *Plan) fields {
	return fields{"Name": r.text(&p.Name), "ScaleFactor": r.number(&p.ScaleFactor), "Partitions": r.whole(&p.Partitions),
		"CPU": r.whole(&p.CPU), "Mem": r.whole(&p.Mem)}
}

func (Importer) fields(r *reader, i *Importer) fields {
	return fields{"partitionScheme": r.text(&i.PartitionScheme), "logLevel": r.text(&i.LogLevel)}
}

func (r *reader) importer(to **Importer) field {
	return func(path string, raw json.RawMessage) {
		i := &Importer{}
		if r.object(path, raw, i.fields(r, i)) {
			*to = i
		}
	}
}

func (r *reader) job(to **JobData) field {
	return func(path string, raw json.RawMessage) {
		j := &JobData{}
		if r.object(path, raw, fields{"id": r.text(&j.ID), "kind": r.text(&j.Kind), "status": r.text(&j.Status), "reason": r.text(&j.Reason)}) {
			*to = j
		}
	}
}

func (r *reader) overrides(to *Overrides) field {
	return func(path string, raw json.RawMessage) {
		all := Overrides{}
		there := r.each(path, raw, func(name, path string, raw json.RawMessage) {
			var o Override
			r.object(path, raw, fields{"image": r.text(&o.Image), "replicas": r.pointer(&o.Replicas), "cpu": r.pointer(&o.CPU),
				"mem": r.pointer(&o.Mem), "env": r.texts(&o.Env)})
			all[name] = o
		})
		if there {
			*to = all
		}
	}
}

// keys reads API keys, which no fault may name.
func (r *reader) keys(to *map[string]Key) field {
	return func(path string, raw json.RawMessage) {
		all := map[string]Key{}
		there := r.each(path, raw, func(name, _ string, raw json.RawMessage) {
			var k Key
			r.object(path+"[key]", raw, fields{"isAdmin": r.scalar(&k.IsAdmin), "orgId": r.scalar(&k.OrgID), "instances": r.scalar(&k.Instances)})
			all[name] = k
		})
		if there {
			*to = all
		}
	}
}
