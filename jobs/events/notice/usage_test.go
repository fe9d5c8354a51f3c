package notice_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yardmaster/jobs/events/notice"
)

func at(day, hour int) time.Time { return time.Date(2014, 2, day, hour, 0, 0, 0, time.UTC) }

const used = `"instance_id":"i-1","tenant_id":"t","instance_type_id":2,"instance_flavor_id":"fl","launched_at":"2014-02-01 05:00:00",
	"image_meta":{"org.openstack__1__architecture":"x64","org.openstack__1__os_distro":"org.debian","org.openstack__1__os_version":"12","com.rackspace__1__options":"4"}`

func TestUse(t *testing.T) {
	launch := func(role string) *notice.Launch {
		return &notice.Launch{Event: role, Instance: "i-1", RequestID: "req-7", Launched: at(1, 5), TypeID: "2", FlavorID: "fl", Tenant: "t",
			Architecture: "x64", Distro: "org.debian", Version: "12", Options: "4"}
	}
	failed := launch("compute.instance.create.end")
	failed.Message = "No room"
	exists := &notice.Exists{MessageID: "m-1", Instance: "i-1", Launched: at(1, 5), Begin: at(1, 0), End: at(2, 0), TypeID: "2", FlavorID: "fl",
		Tenant: "t", BandwidthOut: 99, Architecture: "x64", Distro: "org.debian", Version: "12", Options: "4"}
	deleted := *exists
	deleted.Deleted, deleted.BandwidthOut = at(1, 9), 0

	tests := []struct {
		name string
		m    notice.Message
		want notice.Usage
	}{
		{"the beginning of a launch", from("compute.instance.create.start", `{`+used+`}`), notice.Usage{Launch: launch("compute.instance.create.start")}},
		{"a launch that went well", from("compute.instance.create.end", `{`+used+`,"message":null}`), notice.Usage{Launch: launch("compute.instance.create.end")}},
		{"a launch that did not", from("compute.instance.create.end", `{`+used+`,"message":"No room"}`), notice.Usage{Launch: failed}},
		{"a resize", from("compute.instance.finish_resize.start", `{`+used+`}`), notice.Usage{Launch: launch("compute.instance.finish_resize.start")}},
		{"no step of a launch", from("compute.instance.reboot.end", `{`+used+`}`), notice.Usage{}},
		{"an event of no instance", from("compute.instance.create.start", strings.Replace(`{`+used+`}`, "i-1", "", 1)), notice.Usage{}},

		{"a delete, by when it was terminated", from("compute.instance.delete.end", `{`+used+`,"terminated_at":"2014-02-01 08:00:00","deleted_at":"2014-02-01 09:00:00"}`),
			notice.Usage{Delete: &notice.Delete{Instance: "i-1", Launched: at(1, 5), Deleted: at(1, 8)}}},
		{"else by when it was deleted", from("compute.instance.delete.end", `{`+used+`,"terminated_at":"","deleted_at":"2014-02-01 09:00:00"}`),
			notice.Usage{Delete: &notice.Delete{Instance: "i-1", Launched: at(1, 5), Deleted: at(1, 9)}}},
		{"a delete of what never ran", from("compute.instance.delete.end", `{"instance_id":"i-1","launched_at":"","deleted_at":"2014-02-01 09:00:00"}`), notice.Usage{}},

		{"an audit", from("compute.instance.exists", `{`+used+`,"audit_period_beginning":"2014-02-01 00:00:00","audit_period_ending":"2014-02-02 00:00:00","deleted_at":"",
			"bandwidth":{"private":{"bw_out":1},"public":{"bw_in":5,"bw_out":99}}}`), notice.Usage{Exists: exists}},
		{"an audit of what was deleted, without bandwidth", from("compute.instance.exists", `{`+used+`,"audit_period_beginning":"2014-02-01 00:00:00",
			"audit_period_ending":"2014-02-02 00:00:00","deleted_at":"2014-02-01T09:00:00Z","bandwidth":null}`), notice.Usage{Exists: &deleted}},
		{"an audit of what never ran", from("compute.instance.exists", `{"instance_id":"i-1","launched_at":null}`), notice.Usage{}},
		{"an audit with a date that is none", from("compute.instance.exists", `{`+used+`,"audit_period_ending":"noon"}`),
			notice.Usage{Fault: &notice.Error{Field: "audit_period_ending", Reason: `"noon" is no date`}}},
		{"a launch with a date that is none", from("compute.instance.create.end", `{"instance_id":"i-1","launched_at":7}`),
			notice.Usage{Fault: &notice.Error{Field: "launched_at", Reason: "a date is a text"}}},

		{"a launch with a flavor that is too long", from("compute.instance.create.end", `{"instance_id":"i-1","instance_flavor_id":"`+strings.Repeat("x", 513)+`"}`),
			notice.Usage{Fault: &notice.Error{Field: "instance_flavor_id", Reason: "513 bytes, of 512 that are kept"}}},

		{"an image", imageEvent("image.activate", `{"id":"u","created_at":"2014-02-01T05:00:00","owner":"o","size":12345678901}`),
			notice.Usage{Image: &notice.Image{UUID: "u", Created: at(1, 5), Owner: "o", Size: 12345678901}}},
		{"an image of no name", imageEvent("image.activate", `{"id":null}`), notice.Usage{}},
		{"an image of a strange size", imageEvent("image.activate", `{"id":"u","size":"big"}`),
			notice.Usage{Fault: &notice.Error{Field: "size", Reason: `"big" is no whole number`}}},
		{"the end of an image", imageEvent("image.delete", `{"id":"u","deleted_at":"2014-02-01T09:00:00"}`), notice.Usage{ImageDelete: &notice.ImageDelete{UUID: "u", Deleted: at(1, 9)}}},
		{"the end of an image, as the notification has it", imageEvent("image.delete", `{"id":"u","deleted_at":"2014-02-01T09:00:00"}`, `"deleted_at":"2014-02-01T08:00:00"`),
			notice.Usage{ImageDelete: &notice.ImageDelete{UUID: "u", Deleted: at(1, 8)}}},
		{"an audit of images", imageEvent("image.exists", `{"owner":"o","audit_period_beginning":"2014-02-01 00:00:00","audit_period_ending":"2014-02-02 00:00:00","images":[
			{"id":"u","created_at":"2014-02-01 05:00:00","deleted_at":null,"size":7},
			{"id":"none","created_at":null,"deleted_at":null,"size":7},
			{"id":"broken","created_at":"2014-02-01 05:00:00","deleted_at":"?","size":7},
			{"id":"w","created_at":"2014-02-01 05:00:00","deleted_at":"2014-02-01 09:00:00","size":8.0}]}`),
			notice.Usage{Fault: &notice.Error{Field: "images.deleted_at", Reason: `"?" is no date`}, ImageExists: []notice.ImageExists{
				{MessageID: "m-1", UUID: "u", Created: at(1, 5), Begin: at(1, 0), End: at(2, 0), Owner: "o", Size: 7},
				{MessageID: "m-1", UUID: "w", Created: at(1, 5), Deleted: at(1, 9), Begin: at(1, 0), End: at(2, 0), Owner: "o", Size: 8}}}},
		{"an audit of an image with a name that is too long", imageEvent("image.exists", `{"images":[{"id":"`+strings.Repeat("x", 513)+`","created_at":"2014-02-01 05:00:00"}]}`),
			notice.Usage{Fault: &notice.Error{Field: "images.id", Reason: "513 bytes, of 512 that are kept"}}},
		{"the last list of images counts", imageEvent("image.exists", `{"images":[{"id":"a","created_at":"2014-02-01 05:00:00"}],
			"images":[{"id":"b","created_at":"2014-02-01 05:00:00","owner":"o"}]}`),
			notice.Usage{ImageExists: []notice.ImageExists{{MessageID: "m-1", UUID: "b", Created: at(1, 5), Owner: "o"}}}},
		{"an audit of images that is a text", imageEvent("image.exists", `"none"`), notice.Usage{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, parse(t, tt.m).Usage); d != "" {
				t.Error(d)
			}
		})
	}
}

func imageEvent(eventType, payload string, more ...string) notice.Message {
	m := from(eventType, payload, append(more, `"publisher_id":"image.g1"`)...)
	m.Exchange = "glance"
	return m
}
