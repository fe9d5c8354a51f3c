package stacktach_test

import (
	"fmt"
	"testing"

	"yardmaster/store/events"
)

// searchable puts six events of nova, the first the oldest.
func searchable(t *testing.T) *yard {
	y := start(t)
	all := make([]events.Event, 6)
	for i := range all {
		all[i] = nova("compute.instance.create.start", at(float64(i-6)))
	}
	all[1].Type, all[1].RoutingKey = "compute.instance.create.error", "monitor.error"
	all[2].Type, all[2].Host, all[2].State = "Compute.Instance.Update", events.Some("COMPUTE-1"), events.Some("ERROR")
	all[3].Host, all[3].Instance, all[3].Tenant = events.Text{}, events.Text{}, events.Text{}
	all[4].RequestID, all[4].OldTask = "", events.Text{}
	all[5].Host, all[5].ImageType, all[5].Publisher = events.Some("api-1"), 0x12, "api.api-1"
	y.put(all[:5]...)
	if err := y.db.Ingest(t.Context(), func(tx *events.Tx) (err error) {
		all[5].Deployment, err = tx.DeploymentID("Region-2")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	y.put(all[5])
	return y
}

func TestSearches(t *testing.T) {
	y := searchable(t)
	for _, c := range []struct {
		query string
		want  []any
	}{
		{"field=event&value=compute.instance.create.start", []any{6, 5, 4, 1}}, {"field=event&value=COMPUTE.instance.update", []any{3}}, {"field=event__contains&value=create", []any{6, 5, 4, 2, 1}},
		{"field=event__endswith&value=.error", []any{2}}, {"field=event__istartswith&value=compute.", []any{6, 5, 4, 3, 2, 1}}, {"field=event__in&value=compute.instance.update,compute.instance.create.error", []any{3, 2}},
		{"field=event__regex&value=^compute", []any{6, 5, 4, 2, 1}}, {"field=event&value=none", nil}, {"field=event__isnull&value=true", nil},
		{"field=host&value=compute-1", []any{5, 3, 2, 1}}, {"field=host__startswith&value=compute", []any{5, 2, 1}}, {"field=host__isnull&value=1", []any{4}}, {"field=host__isnull&value=0", []any{6, 5, 3, 2, 1}},
		{"field=host&value=api-1", []any{6}}, {"field=host__gt&value=b", []any{5, 3, 2, 1}},
		{"field=deployment&value=1", []any{5, 4, 3, 2, 1}}, {"field=deployment__name&value=region-2", []any{6}}, {"field=deployment__name__startswith&value=Region", []any{6}},
		{"field=deployment__id__in&value=1,2", []any{6, 5, 4, 3, 2, 1}}, {"field=deployment__id__gt&value=1", []any{6}}, {"field=deployment&value=9", nil}, {"field=deployment__name&value=none", nil},
		{"field=id&value=3", []any{3}}, {"field=id__in&value=2,9,5", []any{5, 2}}, {"field=id__gt&value=4", []any{6, 5}}, {"field=id__lte&value=2", []any{2, 1}}, {"field=id&value=9", nil}, {"field=pk&value=1", []any{1}},
		{"field=instance&value=" + uuid, []any{6, 5, 3, 2, 1}}, {"field=instance&value=77E0F192-00A2-4F14-AD56-7467897828EA", []any{6, 5, 3, 2, 1}}, {"field=instance__isnull&value=yes", []any{4}},
		{"field=request_id&value=", []any{5}}, {"field=request_id__endswith&value=5a", []any{6, 4, 3, 2, 1}}, {"field=tenant&value=TENANT-1", []any{6, 5, 3, 2, 1}}, {"field=tenant__isnull&value=1", []any{4}},
		{"field=state__in&value=error,deleted", []any{3}}, {"field=state&value=active", []any{6, 5, 4, 2, 1}}, {"field=old_task__isnull&value=1", []any{5}}, {"field=old_state&value=", []any{6, 5, 4, 3, 2, 1}},
		{"field=image_type&value=18", []any{6}}, {"field=image_type__lt&value=18", []any{5, 4, 3, 2, 1}}, {"field=publisher__startswith&value=api", []any{6}}, {"field=routing_key__endswith&value=error", []any{2}},
		{"field=when__gte&value=" + unix(-2), []any{6, 5}}, {"field=when__lt&value=" + unix(-4), []any{2, 1}}, {"field=when&value=" + unix(-4), []any{3}}, {"field=when__range&value=" + unix(-5) + "," + unix(-4), []any{3, 2}},
		{"field=when__gt&value=1e15", nil}, {"field=when__in&value=" + unix(-6) + "," + unix(-1), []any{6, 1}},
		{"field=json__contains&value=create.error", []any{2}}, {"field=json__icontains&value=CREATE.ERROR", []any{2}}, {"field=json__regex&value=Update", []any{3}},
		{"field=event__contains&value=create&limit=2", []any{6, 5}}, {"field=event__contains&value=create&limit=2&offset=2", []any{4, 2}}, {"field=event__contains&value=create&offset=4", []any{1}},
		{"field=event__contains&value=create&limit=0", nil}, {"field=event__contains&value=create&when_min=" + unix(-5) + "&when_max=" + unix(-3), []any{4, 2}},
		{"field=id__in&value=1,2,3&when_min=" + unix(-5), []any{3, 2}}, {"field=when__gte&value=" + unix(-4) + "&when_max=" + unix(-3), []any{4, 3}}, {"field=id__in&value=1,2,3&limit=1&offset=1", []any{2}},
		{"field=state&value=active&limit=2&offset=1", []any{5, 4}}, {"field=deployment__id__in&value=1,2,3&limit=2&offset=1", []any{5, 4}},
	} {
		a := y.get("/stacky/search/?" + c.query)
		if c.want == nil {
			a.is(200, `[]`)
			continue
		}
		a.column(0, c.want...)
	}
}

func TestSearchesOfOtherServices(t *testing.T) {
	y := start(t)
	e := glance("image.upload", at(-1))
	e.Status = events.Text{}
	y.put(e, glance("image.delete", at(0)), events.Event{Service: events.Generic, Type: "x", When: at(0), MessageID: "m1"}, events.Event{Service: events.Yard, Type: "y", When: at(0), Tenant: events.Some("boss")})
	y.get("/stacky/search/?service=glance&field=uuid&value="+image).is(200, `[["#", "?", "When", "Deployment", "Event", "Host", "Status"], `+
		`[2, " ", "2014-01-15 12:00:00", "region-1", "image.delete", null, "active"], [1, " ", "2014-01-15 11:59:59", "region-1", "image.upload", null, null]]`)
	y.get("/stacky/search/?service=glance&field=owner&value=OWNER-1").column(0, 2, 1)
	y.get("/stacky/search/?service=glance&field=status__isnull&value=1").column(0, 1)
	y.get("/stacky/search/?service=generic&field=message_id&value=M1").column(0, 1)
	y.get("/stacky/search/?service=generic&field=message_id__iexact&value=m1").is(200, `[["#", "?", "When", "Deployment", "Event", "Host", "Instance", "Request id"], [1, " ", "2014-01-15 12:00:00", "region-1", "x", null, null, ""]]`)
	y.get("/stacky/search/?service=yard&field=tenant&value=boss").column(4, "y")
}

func TestSearchesThatCannotBe(t *testing.T) {
	y := start(t)
	y.get("/stacky/search/?field=foo&value=1").is(400, `[["Error", "Message"], ["Bad Request", "The requested field 'foo' does not exist for the corresponding object.\nNote: The field names of database are case-sensitive."]]`)
	y.get("/stacky/search/?service=glance&field=state&value=1").refused(400, "The requested field 'state'")
	y.get("/stacky/search/?field=event__almost&value=1").refused(400, "The requested field 'event__almost'")
	y.get("/stacky/search/?field=id&value=x").refused(400, "no number")
	y.get("/stacky/search/?field=event__regex&value=(").refused(400, "cannot be read")
	y.get("/stacky/search/?field=state&value=x&service=none").refused(400, "none")
	y.get("/stacky/search/?field=state&value=x&limit=none").refused(400, "limit")
}

func TestASearchThatLooksAtTooMuchSaysSo(t *testing.T) {
	y := start(t)
	y.failure = &events.BudgetError{Looked: 500_000}
	y.do("PUT", "/db/tenant/info/1/", `{"tenant":"1","name":"x","types":{}}`).denied(400, "500000")
}

func TestAStoreThatIsGoneIsNoAnswer(t *testing.T) {
	y := start(t)
	_ = y.db.Close()
	y.get("/stacky/deployments/").refused(503, "closed")
	y.get("/db/usage/launches/").denied(503, "closed")
	y.failure = fmt.Errorf("secret detail")
	y.do("POST", "/db/repair/", "message_ids=a").denied(500, "internal error, request req1")
}
