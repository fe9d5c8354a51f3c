// Package events keeps notifications in events.db: what happened, how it is found again, how long it took, and what follows from it
// for usage and reports. It knows nothing of what a notification means: who appends an event says what it is, which timing it
// begins or ends, and which rows it makes. The package reads no clock, makes no id but by counting, and reaches no machine.
//
// Events have ids by service, from 1 in order of arrival. Those of one service lie in parts by id; a part is three trees, and goes as a
// whole:
//
//	rows/<part>    number in the part                           -> the event, packed; what it did to a timing
//	bodies/<part>  number of the first                          -> up to 32 bodies that came together, zstd
//	index/<part>   w                     + when + number        all events of the part
//	               i, u, r, h, t, n      + text + when + number by instance, image, request, host, type, tenant
//	               m, d                  + value + when + number by message id, deployment
//	               j  instance + timing id        -> timings that ended in the part
//	               q  name + took + timing id     -> the complete ones
//	               p  name + timing id            -> how long it took
//
//	parts          number   what a part has: ids, times, counts of types, hosts and deployments
//	blooms/0       part     -> which message ids a closed part may have
//	open/<service> instance + name + id -> timings that have no end as far as the index goes
//	heads/0        service  -> last id, last id in the index; version of the file
//	counters       table    the last id given
//
//	launches, deletes, exists, image_usages, image_deletes, image_exists, trackers, reports, dead_letters, deployments, tenants
//
// A row is on disk when Ingest returns; its index entries follow when some thousands have gathered, sorted, in the transaction that
// makes them so many. Until then queries look through the tail, which is in memory and is read from the rows when the file is opened.
// Nothing in the index is not in the rows: Check computes it anew.
//
// Memory and file agree because each Ingest gives the file a version, and a view takes the memory of the version that it finds.
//
// The package refuses to change an event, to give an id twice, to write from outside Ingest what belongs to an event, and to go on for ever:
// a search that no index helps has a budget.
package events
