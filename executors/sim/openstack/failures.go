package openstack

import "time"

// failure is one way in which an operation goes wrong.
type failure struct {
	class, text string
	code        int64
	state       string // of the instance afterwards
}

// failures are those of every function of Nova that fails here.
var failures = map[string][]failure{
	"run_instance": {
		{"NoValidHost", "No valid host was found, 12 hosts were asked", 500, "error"},
		{"VirtualInterfaceCreateException", "Virtual interface creation failed after 300 seconds", 500, "error"},
		{"ImageNotAuthorized", "Not authorized for image", 403, "error"},
	},
	"prep_resize": {
		{"ResizeError", "Resize error: not able to execute ssh command: 255", 500, "error"},
		{"DiskTooSmall", "The disk of flavor 2 is too small for 40960 MB", 400, "active"},
	},
	"rebuild_instance": {
		{"ImageNotFound", "Image could not be found", 404, "error"},
		{"Timeout", "Timeout while waiting on RPC response from 192.0.2.77", 504, "error"},
	},
	"snapshot_instance": {
		{"ImageQuotaExceeded", "The owner may not store more than 10 images", 413, "active"},
		{"Timeout", "Timeout while waiting on RPC response from 192.0.2.77", 504, "active"},
	},
}

// fail plans the end of an operation that fails in a function of Nova: an error named for the function, which names the instance
// in its exception alone; the event that says so, if there is one; and what state it leaves. Once in a while there is no more than
// the state.
func (s *script) fail(function, event string) {
	f := pick(s.Cloud, failures[function])
	if !s.oneIn(6) {
		s.raise(function, f)
	} else {
		f.state = "error"
	}
	if event != "" {
		s.wait(time.Millisecond, 20*time.Millisecond)
		s.plan(s.at, func(at time.Time) (Message, bool) {
			return s.nova(s.i.cell, at, "compute."+s.i.host, "compute.instance."+event, fault, s.request, func(d *document) {
				s.i.describe(d)
				d.text("message", f.text)
				d.number("code", f.code)
			})
		})
	}
	s.wait(time.Millisecond, 50*time.Millisecond)
	s.update("", f.state, "")
}

func (s *script) raise(function string, f failure) {
	s.plan(s.at, func(at time.Time) (Message, bool) {
		i := s.i
		return s.nova(i.cell, at, "compute."+i.host, function, fault, s.request, func(d *document) {
			d.object("exception", func() {
				d.text("message", f.text)
				d.text("class", "nova.exception."+f.class)
				d.object("kwargs", func() {
					d.text("uuid", i.id)
					d.number("code", f.code)
					d.text("reason", f.text+" ("+s.request.id+")")
				})
			})
			d.object("args", func() {
				d.text("host", i.host)
				d.object("filter_properties", func() {
					d.object("instance_type", func() {
						d.number("id", int64(i.flavor.typeID))
						d.text("flavorid", i.flavor.id)
						d.text("name", i.flavor.name)
						d.number("memory_mb", int64(i.flavor.memory))
					})
				})
				d.object("image", func() { i.image.meta(d) })
			})
		})
	})
}
