package vmpooler

import (
	"strings"

	"yardmaster/store"
)

// buildTag is the tag in which a build server leaves the address of what it builds.
const buildTag = "jenkins_build_url"

// build is what the address of a matrix build on Jenkins tells:
// https://INSTANCE/job/STREAM_PROJECT_JOB.._BRANCH/KEY=VALUE,.../...
type build struct{ instance, stream, project, job, branch, component string }

// componentKey is the axis of a matrix build that names what is tested.
const componentKey = "RMM_COMPONENT_TO_TEST_NAME"

// buildOf reads such an address; false if it is none.
func buildOf(address string) (build, bool) {
	_, rest, ok := strings.Cut(address, "//")
	parts := strings.Split(rest, "/")
	if !ok || len(parts) < 3 || parts[0] == "" || parts[2] == "" {
		return build{}, false
	}
	words := strings.Split(parts[2], "_")
	b := build{instance: parts[0], stream: words[0], component: "none"}
	if words = words[1:]; len(words) > 0 {
		b.branch, words = words[len(words)-1], words[:len(words)-1]
	}
	if len(words) > 0 {
		b.project, words = words[0], words[1:]
	}
	b.job = strings.Join(words, "_")
	if len(parts) > 3 {
		for axis := range strings.SplitSeq(parts[3], ",") {
			if key, value, ok := strings.Cut(axis, "="); ok && key == componentKey {
				b.component = value
			}
		}
	}
	return b, true
}

// used counts a machine for its user, and for the build that its tags name. operation is "allocate" or "destroy". The labels that
// clients make up come before it.
func (m *Metrics) used(operation string, v *store.VM) {
	user := v.User
	if user == "" {
		user = "unauthenticated"
	}
	m.incMadeUp(usedByUser, []string{user}, operation, v.Pool)
	address := v.Tags[buildTag]
	if strings.Contains(address, "litmus") {
		m.incMadeUp(usedByLitmus, []string{user}, operation, v.Pool)
		return
	}
	b, ok := buildOf(address)
	if !ok {
		return
	}
	m.incMadeUp(usedByJenkins, []string{b.instance, b.stream}, operation, v.Pool)
	m.incMadeUp(usedByBranch, []string{b.branch, b.project}, operation, v.Pool)
	m.incMadeUp(usedByJob, []string{b.job, b.component}, operation, v.Pool)
}

// incMadeUp counts under labels that clients made up, for as long as there are not too many of them.
func (m *Metrics) incMadeUp(counter string, labels []string, operation, pool string) {
	if m == nil {
		return
	}
	for i := range labels {
		labels[i] = plain(labels[i])
	}
	if !m.made.admit(counter, labels) {
		for i := range labels {
			labels[i] = otherLabel
		}
	}
	m.inc(counter, append(labels, operation, plain(pool))...)
}

// plain has no dots: what charts these names was built when they were parts of one name with dots.
func plain(label string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(label, ".", "_"), "_")
}
