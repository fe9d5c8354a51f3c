// Package kv keeps typed tables with declared indexes in one bbolt file.
//
// A Table says how a record of type V is keyed and which indexes follow from it. Put, Insert and
// Delete are the only writers of records and of index entries, so an index cannot drift from its
// table; Check recomputes every index from the records and says where file and rule disagree.
//
// The file holds one bucket a table and one a declared index, all at the top:
//
//	/meta                  "schema" -> {"name","version"}
//	<table>                record key              -> the record as JSON
//	<table>/<index>        index key + record key  -> length of the index key (uvarint)
//	<table>/<unique index> index key               -> record key
//	<series>/<part>        key                     -> value, both the caller's bytes
//
// A Series is for what comes in masses and goes in masses: its parts are made, written and dropped only in a transaction of its own.
//
// Writes of all callers meet in one goroutine that runs their closures one after another in a shared
// bbolt transaction and commits once for all of them: Update returning nil means that the write
// is on disk, Soon returning nil that it will be with the next commit. A closure that fails or
// panics takes back its own writes and nobody else's.
//
// The writer remembers the records that it saw last and does not decode them again. The bytes in the file
// stay the truth: it compares them before it believes its memory. So do views, of tables that are declared to be hot.
//
// The package refuses to hand out raw buckets, to open a file that another process holds or that a
// newer program wrote, and to guess at an old layout for which it was given no migration. It is
// the only package that imports bbolt, and it knows nothing of what the tables are about.
package kv
