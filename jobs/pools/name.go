package pools

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"

	"yardmaster/store"
)

// longest is how long a machine's name may be: what Windows makes of a NetBIOS name.
const longest = 15

// fewest is how many characters of chance a name has after even the longest prefix.
const fewest = 6

var adjectives = strings.Fields(`able agile amber ample azure basic blue bold brave brief bright brisk bronze busy calm candid careful
	casual cheery chief civil clean clear clever close cosmic cozy crisp cubic curly cyan daily daring deep deft dense eager early easy
	even exact fair famous fast fine firm fluent fond frank free fresh frosty full gentle giant glad golden good grand great green handy
	happy hardy hazel honest humble ideal indigo jolly keen kind large lasting latest lean level light lilac lively local logical loud
	loyal lucid lucky lunar magic major mellow merry mighty mild misty modern modest native neat new nimble noble noted novel olive open
	orange outer plain plucky polar polite prime proper proud pure quick quiet rapid rare ready red rich robust royal ruby rustic safe
	sandy serene sharp shiny silent silver simple sleek slim smart smooth snowy sober solar solid sonic spare spicy stable steady
	still stout strong subtle sunny super sure sweet swift tall teal tender tidy tiny topical tough tranquil true trusty upbeat urban
	valid vast velvet violet vital vivid warm wavy whole wide wild wise witty young zesty`)

var nouns = strings.Fields(`acorn alder anchor antler apple arbor arrow aspen atlas aurora badger bamboo basin bay beacon beaver birch bison
	bloom bluff boulder branch breeze bridge brook bulb cabin cactus camel canal canoe canyon cape castle cedar cherry cliff cloud clover
	coast comet compass coral cove crane creek crest crow crystal dale dawn deer delta dome dove dune eagle echo elk elm ember falcon
	fern ferry field finch fjord flame flint forest fox frost garden gate geyser glade glen globe gorge grove gull harbor hare harp hawk
	hazel heron hill holly horizon ibex inlet iris island ivy jasper jay kelp kestrel kite lagoon lake lantern larch lark lava leaf lemon
	lily linden lion llama lotus lynx maple marble marsh meadow mesa meteor mint moon moose moss nebula nest newt oak oasis ocean orbit
	orchid otter owl palm panda peak pearl pebble pelican pier pine planet plover plum pond poplar prairie prism puffin quail quartz rain
	rapids raven reed reef ridge river robin rock rose sable sage salmon seal sequoia shore sky slope snow spark sparrow spring spruce
	star stone stream summit sun swan tide tiger toad trail tulip tundra valley vine walnut wave whale willow wind wolf wren yak yew`)

// ErrNoName means that none of the names that were drawn is free.
var ErrNoName = errors.New("no free name found")

// freeName draws a name that no record has, destroyed machines' included.
func (d *Domain) freeName(tx *store.Tx) (string, error) {
	tries := max(d.cfg.MaxTries, 1)
	for i := range tries + longest {
		name := d.cfg.Prefix + d.draw(i >= tries)
		_, err := store.VMs.Get(tx, name)
		if errors.Is(err, store.ErrNotFound) {
			return name, nil
		}
		if err != nil {
			return "", err
		}
	}
	return "", fmt.Errorf("%w in %d tries", ErrNoName, tries+longest)
}

// draw is an adjective and a noun that fit; the configured tries being over, with a few letters more, of which there are
// enough.
func (d *Domain) draw(more bool) string {
	room := longest - len(d.cfg.Prefix)
	suffix := ""
	if more {
		suffix = "-" + d.newID()[:4]
	}
	for range 50 {
		name := adjectives[rand.IntN(len(adjectives))] + "-" + nouns[rand.IntN(len(nouns))] + suffix
		if len(name) <= room {
			return name
		}
	}
	return d.newID()[:max(room, fewest)]
}
