package configs

import (
	"errors"
	"time"

	"yardmaster/store"
)

// Who asks for a change, and for what end of it.
type Who struct {
	User, RequestID string
	Wait            bool // the operation lasts until what it has pushed does its work, or cannot
}

// What callers ask about with errors.Is. Texts are for users.
var (
	ErrInvalid     = errors.New("invalid")                       // 400: the text names the field and the reason
	ErrNotFound    = errors.New("not found")                     // 404: no such object, patch, release, job
	ErrConflict    = errors.New("conflict")                      // 409: another change is under way, or the state forbids it
	ErrUnavailable = errors.New("the cluster cannot be reached") // 503
	ErrNoCluster   = errors.New("no cluster is configured")      // 503
)

// File is one text of an upload.
type File struct {
	Name string
	Text []byte
}

// Upload is a release's base configs.
type Upload struct {
	Release string
	Files   []File
	Dry     bool
}

// Image is a new image for one container of an object.
type Image struct {
	Object, Container, Image, Comment string // Container "" is the first
	Dry                               bool
}

// PatchUpload is a set of patches that come together: all are taken or none.
type PatchUpload struct {
	Files       []File
	Description string
	Source      string // who made it: "user", "namespace", "registry", "cluster-size"
	Dry         bool
}

// Rollback names an earlier materialization of an object, or of all objects: by its number, or by release and newest patch, or
// by the time at which it was in force.
type Rollback struct {
	Object  string // "" is every object that has one
	Number  int64
	Release string
	Patch   int64
	At      time.Time
	Dry     bool
}

// Change is a change of records that is on disk, with the operation that takes it to the cluster. A dry one has Previews alone.
// The operation has no id where nothing had to be taken to the cluster.
type Change struct {
	Op       store.Operation
	Objects  []string // what is to be pushed, as users call it
	Previews []Preview
	Patches  []int64 // the versions of the patches that were stored
}

// Preview is what an object would be after a change.
type Preview struct {
	Message string // why there is none
	Object  string
	Release string
	Config  string
	Kind    string
	Diff    string // unified, from what is in force now; secrets masked
	Live    []Row  // what the cluster would change; only where it was asked for
	At      time.Time
}

// Row is one field of an object that is not as it should be.
type Row struct {
	Key, Expected, Got string
	Manager            string // who wrote it last, if the cluster knows
	At                 time.Time
}

// Failure is one object that could not be pushed.
type Failure struct{ Object, Reason string }

// Outcome is how a push has ended, or how far it is.
type Outcome struct {
	Op      store.Operation
	Live    bool // it has not ended
	Applied []string
	Failed  []Failure
	Error   string // why it did not succeed, in one line; "" if it did
}

// BaseConfig is one object as a release has it.
type BaseConfig struct {
	Object, Kind, Release, Previous string
	Golden                          bool // what the cluster was last given is made from it
	Config                          string
	Creator                         string
	Created                         time.Time
}

// Versions are the releases that hold an object, oldest first.
type Versions struct {
	Object   string
	Releases []string
}

// Upgrade is a release that was uploaded.
type Upgrade struct {
	Release          string
	Creators         []string
	Created, Updated time.Time
}

// Patch is a stored patch.
type Patch struct {
	Version, Next        int64 // Next is that of the same target, 0 if it is the newest
	Target, Kind, Format string
	Golden               bool // it is part of what the cluster was last given, of at least one object
	Body, Description    string
	Creator, Source      string
	Created              time.Time
}

// Config is one materialization of an object.
type Config struct {
	Object, Kind                  string
	Number                        int64 // counts up, object by object
	Release, PreviousRelease      string
	PatchVersion, PreviousVersion int64
	Patches                       []int64
	Golden, Current, WasGolden    bool
	Config                        string
	At                            time.Time
	Cause, Creator, Operation     string
}

// Inconsistencies are where cluster and records disagree.
type Inconsistencies struct {
	Resources  map[string]Inconsistency
	Consistent []string
	Foreign    map[string][]Row // what others have added to objects that are as they should be otherwise
	Skipped    map[string]Skip
	At         time.Time
}

// Inconsistency is one object that drifted; Foreign is what others have added to it.
type Inconsistency struct {
	Missing bool
	Rows    []Row
	Foreign []Row
	Found   time.Time // first seen so
}

// Skip is why an object was not looked at.
type Skip struct {
	Code   int
	Reason string
}

// Check is one health check of the platform.
type Check struct {
	ID, Component, Status, Details string // Status: "healthy", "unhealthy"
	Tags                           []string
	Critical                       bool
	Fails                          int // one after the other
	First, Last, LastSuccess       time.Time
	Runtime                        time.Duration
	Failures                       []FailedCheck // the last ones, newest first
}

// FailedCheck is one failure of a check.
type FailedCheck struct {
	At      time.Time
	Details string
}

// ExportRequest asks for what is known of services over a period.
type ExportRequest struct {
	Services, Sources []string // LOGS, STATS, CONFIGS
	Label             string
	Start, End        time.Time
}

// Job is an export or an import. Status: WAITING, RUNNING, SUCCESS, FAILED.
type Job struct {
	ID, Status, Error, File string
	Request                 ExportRequest
}
