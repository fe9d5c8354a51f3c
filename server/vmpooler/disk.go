package vmpooler

import (
	"math"
	"net/http"
	"strconv"

	"yardmaster/server/rest"
)

// mostDisk is the largest disk in GB that the third version, and PUT, add.
const mostDisk = 2048

// disk is POST /vm/{name}/disk/{size}. The answer comes before the disk: it is there once GET shows it.
func (e edition) disk(r *http.Request) (rest.Response, error) {
	if err := e.needCaller(r); err != nil {
		return rest.Response{}, err
	}
	name, err := e.machine(rest.Var(r, "name"))
	if err != nil {
		return rest.Response{}, err
	}
	gb, err := e.diskSize(rest.Var(r, "size"))
	if err != nil {
		return rest.Response{}, err
	}
	if err := e.service.AddDisk(r.Context(), who(r), name, gb); err != nil {
		return rest.Response{}, err
	}
	return reply(http.StatusAccepted, ok(member{name, object{{"disk", diskText(gb)}}})), nil
}

func (e edition) diskSize(text string) (int, error) {
	if e.strict {
		return strictInt("Disk size", text, mostDisk)
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil || n == 0 || n > math.MaxInt32 {
		return 0, errNotThere
	}
	return int(n), nil
}
