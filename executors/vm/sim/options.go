package sim

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"
)

// DefaultHosts is how many hypervisors there are unless told otherwise.
const DefaultHosts = 4

// Trouble is what a sort of call costs and how often it fails.
type Trouble struct {
	MaxTime     time.Duration // the call takes between a second and so long; of a second or less, exactly so long
	FailPercent int           // of a hundred calls so many fail, after their time
}

// Options are the settings; the zero value is a world in memory that is instant and without fault.
type Options struct {
	File    string   // where the machines are kept; "" is in memory
	Hosts   int      // hypervisors; 0 is DefaultHosts
	Missing []string // templates that do not exist; any other does
	Seed    uint64   // of delays and dice; 0 draws one

	CreateVM       Trouble
	CreateDisk     Trouble
	CreateSnapshot Trouble
	RevertSnapshot Trouble
	MigrateVM      Trouble
	DestroyVM      Trouble

	DestroyShutdown time.Duration // like a MaxTime: what stopping a machine that runs adds to its destruction
	FirstReady      time.Duration // how long the first successful Ready of a machine takes

	LeaveHalfMade    int // of a hundred failed creates so many leave half a machine behind; one that is cut off always does
	MigrateCouldMove int // how often in a hundred a better host is found
	GetPowerOff      int // how often in a hundred looks at a machine it has just lost its power
	GetRename        int // or calls itself otherwise from now on
	ReadyFail        int // how often in a hundred a ready machine seems not to be

	Now    func() time.Time // nil is time.Now
	Logger *slog.Logger     // nil is silent
}

// checked fills in what was left out and refuses what makes no sense.
func (o Options) checked() (Options, error) {
	for _, row := range o.times() {
		if row.value < 0 {
			return o, fmt.Errorf("option %s is %v: a time cannot be negative", row.name, row.value)
		}
	}
	for _, row := range o.percentages() {
		if row.value < 0 || row.value > 100 {
			return o, fmt.Errorf("option %s is %d: a percentage is 0 to 100", row.name, row.value)
		}
	}
	if o.Hosts < 0 {
		return o, fmt.Errorf("option Hosts is %d: there cannot be fewer than none", o.Hosts)
	}
	if o.Hosts == 0 {
		o.Hosts = DefaultHosts
	}
	if o.Seed == 0 {
		o.Seed = rand.Uint64()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o, nil
}

// named is an option's value as it is checked.
type named[V any] struct {
	name  string
	value V
}

func (o Options) times() []named[time.Duration] {
	return []named[time.Duration]{
		{"CreateVM.MaxTime", o.CreateVM.MaxTime}, {"CreateDisk.MaxTime", o.CreateDisk.MaxTime},
		{"CreateSnapshot.MaxTime", o.CreateSnapshot.MaxTime}, {"RevertSnapshot.MaxTime", o.RevertSnapshot.MaxTime},
		{"MigrateVM.MaxTime", o.MigrateVM.MaxTime}, {"DestroyVM.MaxTime", o.DestroyVM.MaxTime},
		{"DestroyShutdown", o.DestroyShutdown}, {"FirstReady", o.FirstReady},
	}
}

func (o Options) percentages() []named[int] {
	return []named[int]{
		{"CreateVM.FailPercent", o.CreateVM.FailPercent}, {"CreateDisk.FailPercent", o.CreateDisk.FailPercent},
		{"CreateSnapshot.FailPercent", o.CreateSnapshot.FailPercent}, {"RevertSnapshot.FailPercent", o.RevertSnapshot.FailPercent},
		{"MigrateVM.FailPercent", o.MigrateVM.FailPercent}, {"DestroyVM.FailPercent", o.DestroyVM.FailPercent},
		{"LeaveHalfMade", o.LeaveHalfMade}, {"MigrateCouldMove", o.MigrateCouldMove},
		{"GetPowerOff", o.GetPowerOff}, {"GetRename", o.GetRename}, {"ReadyFail", o.ReadyFail},
	}
}
