package notice_test

// seeds are messages of every kind, for the fuzzers and the benchmark.
var seeds = []string{
	`{"event_type":"compute.instance.create.start","publisher_id":"compute.n1.example.org","timestamp":"2014-02-03 04:05:06.789","message_id":"m",
	"_context_request_id":"req-1","_context_project_id":"p","payload":{"instance_id":"i-1","state":"building","tenant_id":"t","launched_at":"",
	"instance_type_id":2,"instance_flavor_id":"f","image_meta":{"image_type":"base","os_type":"linux","os_distro":"debian",
	"org.openstack__1__architecture":"x64","com.rackspace__1__options":"0"}}}`,
	`{"oslo.version":"2.0","oslo.message":"{\"event_type\": \"image.update\", \"publisher_id\": \"image.g1\", \"timestamp\": \"2014-02-03T04:05:06Z\", \"payload\": {\"id\": \"u\", \"name\": \"\\u00fc\\ud83d\\ude00\"}}"}`,
	`{"oslo.version":"3.0","oslo.message":"{}"}`,
	`{"event_type":"instance.update","publisher_id":"nova-compute:n1.example.org","timestamp":"2020-02-03 04:05:06.789+05:30","payload":{"nova_object.name":"X",
	"nova_object.data":{"uuid":"v-1","state":"active","state_update":{"nova_object.data":{"old_state":"building","state":null,"new_task_state":"x"}},
	"flavor":{"nova_object.data":{"flavorid":"fl"}},"ip_addresses":[{"nova_object.data":{"address":"10.0.0.1"}}],
	"fault":{"nova_object.data":{"exception":"E"}}}}}`,
	`{"event_type":"compute.instance.exists","publisher_id":"compute.n1","timestamp":"2014-02-03 04:05:06","payload":{"instance_id":"i-1",
	"launched_at":"2014-01-01T00:00:00.5Z","bandwidth":{"public":{"bw_out":12}},"audit_period_beginning":"2014-02-02 00:00:00","audit_period_ending":"2014-02-03 00:00:00"}}`,
	`{"event_type":"image.exists","publisher_id":"g1","_context_timestamp":"2014-02-03 04:05:06","timestamp":"","payload":{"owner":"o","images":[{"id":"a","created_at":"2014-01-01 00:00:00","deleted_at":null,"size":7},5]}}`,
	`{"event_type":"attach_volume","publisher_id":"compute.n1","timestamp":"2014-02-03 04:05:06","payload":{"exception":{"kwargs":{"uuid":"e-1","code":500}},"instance_id":""}}`,
	`{"event_type":"a","event_type":"b","publisher_id":"p.q","timestamp":"2014-02-03 04:05:06","payload":{"state":"x","state":null},"payload":{"old_state":1e3,"instance":{"uuid":true},"instance":null}}`,
	"{\"event_type\":\"a\xffb\\ud800\\udc00\\ud800x\\n\",\"publisher_id\":\"\",\"timestamp\":\"2014-02-03 04:05:06\",\"payload\":null} \n",
	`[]`, `{}`, `"x"`, `{"a":[1,-0.5e+7,{"b":[]},true,false,null]}`, `{"a":01}`, `{"a":1,}`, `[[[[[[`, "{\"a\":\"\x1f\"}", `{"event_type":5}`,
}

// values are JSON and what only looks like it.
var values = []string{
	`0`, `-0`, `01`, `-`, `1.`, `.5`, `1.5e`, `1e+`, `1E-7`, `+1`, `0x1`, `1 2`, `true`, `tru`, `nul`, `null `, `NaN`, `Infinity`,
	`""`, `"`, `"\`, `"\x"`, `"\u12"`, `"\u12G4"`, `"\uD83D\uDE00"`, "\"\x1f\"", "\"\x7f\"", "\"\n\"", "\"\xff\"", "\"\u2028\"", `'a'`,
	`[]`, `[ ]`, `[,]`, `[1,]`, `[1 2]`, `[`, `]`, `{}`, `{,}`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{a:1}`, `{1:1}`, `{"a":1 "b":2}`, `{"a":1}}`, ``,
	`{"nova_object.data":{"state":1},"b":[{"nova_object.data":null}]}`, "\x00", "1\x00", "\ufeff1", `1,"publisher_id":"q"`, `1},"payload":{"state":2`,
}
