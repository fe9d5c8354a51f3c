package report

// tally counts exists records by how far their verification is, and the done ones by how their receiver answered.
type tally struct {
	Count          int   `json:"count"`
	Verified       int   `json:"verified"`
	Reconciled     *int  `json:"reconciled,omitempty"`
	Failed         int   `json:"failed"`
	Pending        int   `json:"pending"`
	Verifying      int   `json:"verifying"`
	SentUnverified int   `json:"sent_unverified"`
	SentFailed     int   `json:"sent_failed"`
	SentVerifying  int   `json:"sent_verifying"`
	Sent           sent  `json:"send_status"`
	SentReconciled *sent `json:"send_status_rec,omitempty"`
}

// sent counts answers by the hundreds of their status; one that was not sent has the status 0.
type sent struct {
	Success     int `json:"success"`
	Unsent      int `json:"unsent"`
	Redirect    int `json:"redirect"`
	ClientError int `json:"client_error"`
	ServerError int `json:"server_error"`
}

// newTally also counts reconciled records, which images do not have.
func newTally(reconciles bool) *tally {
	t := &tally{}
	if reconciles {
		t.Reconciled, t.SentReconciled = new(int), &sent{}
	}
	return t
}

func (t *tally) add(e *Exists) {
	t.Count++
	switch e.Status {
	case Verified:
		t.Verified++
		t.Sent.add(e.SendStatus)
	case Reconciled:
		if t.Reconciled != nil {
			*t.Reconciled++
			t.SentReconciled.add(e.SendStatus)
		}
	case Failed:
		t.Failed++
	case Pending:
		t.Pending++
	case Verifying:
		t.Verifying++
	case SentUnverified:
		t.SentUnverified++
	case SentFailed:
		t.SentFailed++
	case SentVerifying:
		t.SentVerifying++
	}
}

func (s *sent) add(status int) {
	switch {
	case status == 0:
		s.Unsent++
	case status/100 == 2:
		s.Success++
	case status/100 == 3:
		s.Redirect++
	case status/100 == 4:
		s.ClientError++
	case status/100 == 5:
		s.ServerError++
	}
}
