# Of what `go test -v` printed: the failed tests with the end of what each said, races, panics, and the packages that failed or did not build.
function say(line) { print substr(line, 1, 500) }
function keep(test, line) { said[test, count[test]++ % 25] = line }
function tell(test,    i) {
	for (i = count[test] > 25 ? count[test] - 25 : 0; i < count[test]; i++) say(said[test, i % 25])
}
/^=== / { test = $3; next }
/^ *--- FAIL: / { tell($3); say($0) }
/^ *--- / { count[$3] = 0; next }
/^(FAIL\t|# )/ { say($0) }
/^(ok|FAIL|PASS|\?)/ { test = ""; loud = 0; next }
/^(WARNING: DATA RACE|panic: |fatal error: )/ { loud = 40 }
loud > 0 { say($0); loud--; next }
test != "" { keep(test, $0) }
