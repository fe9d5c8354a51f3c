package stackmodel

import "time"

// Verify judges every audit of an instance that was not judged yet, as the verifier does when all of them have settled.
func (m *Model) Verify() {
	for _, x := range m.Exists.rows {
		good, bad := "verified", "failed"
		switch x["status"] {
		case "pending":
		case "sent_unverified":
			bad = "sent_failed"
		default:
			continue
		}
		x["status"] = bad
		if m.launchAgrees(x) && m.deleteAgrees(x) {
			x["status"] = good
		}
	}
}

// sameSecond compares times, both of which must be there.
func sameSecond(a, b any) bool {
	x, ok := a.(time.Time)
	y, also := b.(time.Time)
	return ok && also && x.Unix() == y.Unix()
}

func (m *Model) launchAgrees(x Record) bool {
	var of []Record
	for _, l := range m.Launches.rows {
		if x["usage"] == l["id"] || x["usage"] == nil && l["instance"] == x["instance"] && sameSecond(l["launched_at"], x["launched_at"]) {
			of = append(of, l)
		}
	}
	if len(of) != 1 || !sameSecond(of[0]["launched_at"], x["launched_at"]) {
		return false
	}
	for _, c := range append([]string{"instance_type_id", "tenant"}, osColumns...) {
		if of[0][c] != x[c] {
			return false
		}
	}
	return true
}

// deleteAgrees: a deleted instance has its one delete, one that lives has none up to the end of the period.
func (m *Model) deleteAgrees(x Record) bool {
	var of []Record
	for _, d := range m.Deletes.rows {
		if x["delete"] == d["id"] || x["delete"] == nil && d["instance"] == x["instance"] && sameSecond(d["launched_at"], x["launched_at"]) {
			of = append(of, d)
		}
	}
	if x["deleted_at"] != nil {
		return len(of) == 1 && sameSecond(of[0]["launched_at"], x["launched_at"]) && sameSecond(of[0]["deleted_at"], x["deleted_at"])
	}
	for _, d := range of {
		if !d["deleted_at"].(time.Time).After(x["audit_period_ending"].(time.Time)) {
			return false
		}
	}
	return true
}
