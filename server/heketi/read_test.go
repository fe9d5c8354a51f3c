package heketi_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestRecordsReadAsHeketiWritesThem(t *testing.T) {
	y := atRest(t)
	scene(y)
	const (
		deviceJSON = `{"name":"/dev/sdb","storage":{"total":1000,"free":800,"used":200},"id":"DDDD","paths":["/dev/sdb","/dev/disk/by-id/x"],"pv_uuid":"pv-1","state":"online",` +
			`"bricks":[{"id":"3333","path":"/m/b2/brick","device":"DDDD","node":"1111","volume":"2222","size":10},` +
			`{"id":"4444","path":"/m/b4/brick","device":"DDDD","node":"1111","volume":"EEEE","size":10},` +
			`{"id":"BBBB","path":"/m/b1/brick","device":"DDDD","node":"1111","volume":"AAAA","size":100}]}`
		nodeJSON = `{"zone":1,"hostnames":{"manage":["node1"],"storage":["10.0.0.1"]},"cluster":"CCCC","tags":{"rack":"7"},"id":"1111","state":"online","devices":[` + deviceJSON + `]}`
		vol1JSON = `{"size":10,"name":"vol1","durability":{"type":"replicate","replicate":{"replica":3},"disperse":{}},"gid":2000,"glustervolumeoptions":["","user.x y",""],` +
			`"snapshot":{"enable":true,"factor":1.5},"id":"AAAA","cluster":"CCCC","mount":{"glusterfs":{"hosts":["10.0.0.1","10.0.0.2","10.0.0.3"],"device":"10.0.0.1:vol1",` +
			`"options":{"backup-volfile-servers":"10.0.0.2,10.0.0.3"}}},"blockinfo":{},"bricks":[{"id":"BBBB","path":"/m/b1/brick","device":"DDDD","node":"1111","volume":"AAAA","size":100}]}`
		hostJSON = `{"size":100,"name":"host","durability":{"type":"none","replicate":{},"disperse":{}},"glustervolumeoptions":["group gluster-block"],"block":true,` +
			`"snapshot":{"enable":false,"factor":1},"id":"EEEE","cluster":"CCCC","mount":{"glusterfs":{"hosts":["10.0.0.1"],"device":"10.0.0.1:host",` +
			`"options":{"backup-volfile-servers":""}}},"blockinfo":{"freesize":88,"reservedsize":2,"blockvolume":["FFFF"]},` +
			`"bricks":[{"id":"4444","path":"/m/b4/brick","device":"DDDD","node":"1111","volume":"EEEE","size":10}]}`
		blockJSON = `{"size":10,"name":"blk","hacount":1,"auth":true,"id":"FFFF","blockvolume":{"hosts":["10.0.0.1"],"iqn":"iqn.x","lun":0,"username":"u","password":"PASSWORD"},` +
			`"cluster":"CCCC","blockhostingvolume":"EEEE","usablesize":10}`
	)
	noSecret := strings.Replace(blockJSON, "PASSWORD", "", 1)
	topology := `{"clusters":[{"id":"CCCC","block":true,"file":true,"nodes":[` + nodeJSON + `],"volumes":[` + vol1JSON + `,` + hostJSON + `],"blockvolumes":[` + noSecret + `]}]}`
	for _, c := range []struct{ who, path, want string }{
		{"", "/hello", "Hello from Heketi"},
		{"admin", "/clusters", `{"clusters":["CCCC"]}`},
		{"admin", "/clusters/CCCC", `{"id":"CCCC","nodes":["1111"],"volumes":["AAAA","EEEE"],"block":true,"file":true,"blockvolumes":["FFFF"]}`},
		{"admin", "/nodes", `{"nodes":["1111"]}`},
		{"admin", "/nodes/1111", nodeJSON},
		{"admin", "/devices", `{"devices":["DDDD"]}`},
		{"admin", "/devices/DDDD", deviceJSON},
		{"admin", "/volumes", `{"volumes":["AAAA","EEEE"]}`},
		{"user", "/volumes", `{"volumes":["AAAA","EEEE"]}`},
		{"admin", "/volumes/AAAA", vol1JSON},
		{"user", "/volumes/AAAA", vol1JSON},
		{"admin", "/volumes/EEEE", hostJSON},
		{"admin", "/blockvolumes", `{"blockvolumes":["FFFF"]}`},
		{"admin", "/blockvolumes/FFFF", strings.Replace(blockJSON, "PASSWORD", "secret", 1)},
		{"looker", "/blockvolumes/FFFF", noSecret},
		{"looker", "/topology", topology},
		{"admin", "/operations/pending", `{"pendingoperations":[{"id":"9999","type_name":"create-volume","status":"","sub_status":"in-flight"}]}`},
		{"admin", "/operations/pending/9999", `{"id":"9999","type_name":"create-volume","status":"","sub_status":"in-flight","changes":[` +
			`{"id":"2222","description":"Add volume"},{"id":"3333","description":"Add brick"}]}`},
		{"admin", "/admin", `{"state":"normal"}`},
		{"admin", "/internal/logging", `{"loglevel":{"glusterfs":"info"}}`},
	} {
		t.Run(c.who+c.path, func(t *testing.T) {
			y.t = t
			y.as(c.who, "GET", long(c.path), "").is(http.StatusOK, long(c.want))
		})
	}
}

// long writes the short ids of a test out.
func long(s string) string {
	for _, c := range []string{"1", "2", "3", "4", "9", "A", "B", "C", "D", "E", "F", "0"} {
		s = strings.ReplaceAll(s, strings.Repeat(c, 4), hexID(strings.ToLower(c)))
	}
	return s
}

func TestEmptyYardListsNothing(t *testing.T) {
	y := atRest(t)
	for path, want := range map[string]string{
		"/clusters": `{"clusters":[]}`, "/nodes": `{"nodes":[]}`, "/devices": `{"devices":[]}`, "/volumes": `{"volumes":[]}`,
		"/blockvolumes": `{"blockvolumes":[]}`, "/topology": `{"clusters":[]}`, "/operations/pending": `{"pendingoperations":[]}`,
	} {
		y.get(path).is(http.StatusOK, want)
	}
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	y := atRest(t)
	scene(y)
	absent := hexID("0")
	for _, path := range []string{"/clusters/" + absent, "/nodes/" + absent, "/devices/" + absent, "/volumes/" + absent, "/volumes/" + volume2,
		"/blockvolumes/" + absent, "/queue/" + absent} {
		y.get(path).is(http.StatusNotFound, "Id not found")
	}
	y.get("/operations/pending/"+absent).is(http.StatusNotFound, "Id not found: "+absent)
	y.get("/nowhere").is(http.StatusNotFound, "Invalid path or request")
	y.get("/volumes/xyz").is(http.StatusNotFound, "Invalid path or request")
	y.as("admin", "PUT", "/clusters", "").is(http.StatusMethodNotAllowed, "")
	if a := y.get("/clusters/"); a.Code != http.StatusMovedPermanently || a.Header().Get("Location") != "/clusters" {
		t.Errorf("a trailing slash: %d %q", a.Code, a.Header().Get("Location"))
	}
}

func TestErrorsAreTextAndAnswersAreJSON(t *testing.T) {
	y := atRest(t)
	bad, good := y.get("/clusters/"+hexID("0")), y.get("/clusters")
	if got := bad.Header().Get("Content-Type"); got != "text/plain; charset=utf-8" || bad.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("error: %q %v", got, bad.Header())
	}
	if got := good.Header().Get("Content-Type"); got != "application/json; charset=UTF-8" || !strings.HasSuffix(good.Body.String(), "}\n") {
		t.Errorf("answer: %q %q", got, good.Body)
	}
}
