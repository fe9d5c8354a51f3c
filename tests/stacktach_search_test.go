package tests

import (
	"fmt"
	"strings"

	"yardmaster/tests/stackmodel"
)

// searchesFind is /stacky/search/: every column of every service, and Django's lookups.
func (s *stack) searchesFind() {
	draw := s.sample()
	instance := draw.some(stackmodel.Nova, 1, instanceOf)[0]
	request := draw.some(stackmodel.Nova, 1, requestOf)[0]
	image := draw.some(stackmodel.Glance, 1, imageOf)[0]
	tenant := draw.some(stackmodel.Nova, 1, func(r *stackmodel.Raw) string { t, _ := r.Tenant.(string); return t })[0]
	host := draw.some(stackmodel.Nova, 1, func(r *stackmodel.Raw) string { h, _ := r.Host.(string); return h })[0]
	publisher := draw.some(stackmodel.Nova, 1, func(r *stackmodel.Raw) string { return r.Publisher })[0]
	when := stackmodel.Unix(s.model.Raws(stackmodel.Nova)[1234].When)
	cell2 := fmt.Sprint(s.deployments()["cell-2"])
	searches := []struct{ service, field, value string }{
		{"nova", "event", "compute.instance.create.end"}, {"nova", "event", "COMPUTE.instance.create.END"}, {"nova", "event", "compute.nothing"},
		{"nova", "event__startswith", "compute.instance.re"}, {"nova", "event__endswith", ".error"}, {"nova", "event__contains", "rescue"},
		{"nova", "event__icontains", "RESCUE"}, {"nova", "event__in", "run_instance,prep_resize,image.upload"},
		{"nova", "instance", instance}, {"nova", "instance", strings.ToUpper(instance)}, {"nova", "instance__isnull", "True"},
		{"nova", "request_id", request}, {"nova", "tenant", tenant}, {"nova", "host", host}, {"nova", "host__startswith", "cell-1"}, {"nova", "host__isnull", "True"},
		{"nova", "publisher", publisher}, {"nova", "service", "api"}, {"nova", "service", "scheduler"}, {"nova", "routing_key", "cell-2.monitor.error"},
		{"nova", "routing_key__endswith", "error"}, {"nova", "state", "error"}, {"nova", "state__in", "building,rescued"}, {"nova", "state", ""},
		{"nova", "state__isnull", "True"}, {"nova", "old_state", "resized"}, {"nova", "old_task", "deleting"}, {"nova", "task", "spawning"},
		{"nova", "old_task__isnull", "True"}, {"nova", "image_type", "529"}, {"nova", "image_type__gte", "1000"},
		{"nova", "deployment", cell2}, {"nova", "deployment__name", "cell-1"}, {"nova", "deployment__name__startswith", "cell-"},
		{"nova", "when", when}, {"nova", "when__gt", when}, {"nova", "when__lte", when}, {"nova", "id", "17"}, {"nova", "id__lt", "20"},
		{"nova", "json__contains", "No valid host was found"}, {"nova", "json__contains", image},
		{"glance", "uuid", image}, {"glance", "event", "image.delete"}, {"glance", "status", "saving"}, {"glance", "status__isnull", "True"},
		{"glance", "owner", tenant}, {"glance", "host__contains", "glance"}, {"glance", "instance", instance}, {"glance", "instance__isnull", "False"},
		{"glance", "routing_key__endswith", "error"}, {"glance", "deployment__name", "cell-2"}, {"glance", "service", "image"},
		{"generic", "event", "volume.create.start"}, {"generic", "tenant", "tenant-1"}, {"generic", "host__isnull", "True"},
		{"generic", "instance", "00000003-1111-4222-8333-444455556666"}, {"generic", "message_id__contains", "block-2"},
		{"generic", "routing_key", "notifications.error"},
		{"generic", "request_id", "req-00000004-9999-4222-8333-444455556666"},
	}
	found := 0
	for i, f := range searches {
		ask := q{"field", f.field, "value", f.value}
		if f.service != "nova" || i%2 == 0 {
			ask = append(ask, "service", f.service)
		}
		want := s.model.Search(f.service, f.field, f.value, stackmodel.Window{}, stackmodel.First)
		s.same("/stacky/search/", ask, want)
		if len(want) > 0 {
			found++
		}
		p := pages[1+i%(len(pages)-1)]
		s.same("/stacky/search/", append(ask, p.ask...), s.model.Search(f.service, f.field, f.value, stackmodel.Window{}, p.page))
	}
	expectThat(s, "most searches find something", found > len(searches)*9/10, fmt.Sprintf("%d of %d", found, len(searches)))
	w, limits := window(s.model.Raws(stackmodel.Nova), func(r *stackmodel.Raw) bool { return r.Event == "compute.instance.update" })
	for _, p := range pages {
		s.same("/stacky/search/", append(append(q{"field", "event", "value", "compute.instance.update"}, limits...), p.ask...),
			s.model.Search("nova", "event", "compute.instance.update", w, p.page))
	}
}
