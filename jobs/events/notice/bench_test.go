package notice_test

import (
	"strings"
	"testing"

	"yardmaster/jobs/events/notice"
)

// large is a notification as long as most are, 2 KB.
func large() notice.Message {
	body := `{"_context_roles": ["identity:user-admin", "compute:admin"], "_context_request_id": "req-6a1e2f7e-3c4b-4f0e-8a55-0f3b5f6b6a01", ` +
		`"_context_quota_class": null, "event_type": "compute.instance.create.end", "_context_service_catalog": [], "_context_auth_token": null, ` +
		`"_context_user_id": "b6f0c7a43d9a4a0b", "_context_project_id": "5a1b2c3d4e5f60718293a4b5c6d7e8f9", "_context_is_admin": true, ` +
		`"payload": {"state_description": "", "availability_zone": null, "terminated_at": "", "ephemeral_gb": 0, "instance_type_id": 6, ` +
		`"message": "Success", "deleted_at": "", "fixed_ips": [{"floating_ips": [], "label": "public", "version": 4, "meta": {}, "address": ` +
		`"198.51.100.24", "type": "fixed"}, {"floating_ips": [], "label": "private", "version": 4, "meta": {}, "address": "10.1.2.3", "type": "fixed"}], ` +
		`"instance_id": "0c3b9f14-5a7b-4a3f-9d5e-11a1f0e7b9c2", "user_id": "b6f0c7a43d9a4a0b", "reservation_id": "r-1x2y3z", "vcpus": 2, ` +
		`"tenant_id": "5a1b2c3d4e5f60718293a4b5c6d7e8f9", "state": "active", "launched_at": "2014-02-03T04:05:06.789012", "metadata": {"` +
		strings.Repeat("k", 20) + `": "` + strings.Repeat("v", 200) + `"}, "ramdisk_id": "", "access_ip_v6": null, "disk_gb": 80, ` +
		`"access_ip_v4": null, "kernel_id": "", "image_name": "Debian 12", "host": "compute-17", "display_name": "web-3", "image_ref_url": ` +
		`"http://203.0.113.7:9292/images/1b2c3d4e-0000-4000-8000-000000000001", "root_gb": 80, "tenant_name": "5a1b2c3d4e5f60718293a4b5c6d7e8f9", ` +
		`"created_at": "2014-02-03 04:04:10", "memory_mb": 4096, "instance_type": "4GB Standard Instance", "vcpu_weight": 20, ` +
		`"image_meta": {"image_type": "base", "container_format": "ovf", "org.openstack__1__architecture": "x64", "org.openstack__1__os_distro": "org.debian", ` +
		`"org.openstack__1__os_version": "12", "com.rackspace__1__options": "0", "os_type": "linux", "disk_format": "vhd", "base_image_ref": ` +
		`"1b2c3d4e-0000-4000-8000-000000000001", "min_disk": "80"}, "architecture": "x64", "os_type": "linux", "instance_flavor_id": "5"}, ` +
		`"priority": "INFO", "_context_timestamp": "2014-02-03T04:04:09.123456", "publisher_id": "compute.compute-17", "message_id": ` +
		`"d0a1b2c3-0001-4000-8000-00000000abcd", "timestamp": "2014-02-03 04:05:07.012345"}`
	return notice.Message{Exchange: "nova", RoutingKey: "monitor.info", Body: []byte(body)}
}

func BenchmarkParse(b *testing.B) {
	m := large()
	b.SetBytes(int64(len(m.Body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := notice.Parse(m); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseEnvelope(b *testing.B) {
	m := enveloped(large())
	b.SetBytes(int64(len(m.Body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := notice.Parse(m); err != nil {
			b.Fatal(err)
		}
	}
}

func enveloped(m notice.Message) notice.Message {
	m.Body = []byte(`{"oslo.version": "2.0", "oslo.message": ` + quoted(string(m.Body)) + `}`)
	return m
}
