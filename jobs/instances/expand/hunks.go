package expand

import "strings"

// around is the number of lines around a difference that are the same on both sides.
const around = 1

// mostCells bounds the work on one object; what is beyond is told as one large difference.
const mostCells = 4 << 20

// edit is one line of a comparison: ' ' for one that both sides have, '-' for one of the old, '+' for one of the new.
type edit struct {
	sign byte
	line string
}

// hunks are the differing lines with what is around them; empty if both sides are the same.
func hunks(was, is []string) string {
	all := edits(was, is)
	shown := make([]bool, len(all))
	for n, e := range all {
		if e.sign == ' ' {
			continue
		}
		for k := max(n-around, 0); k <= min(n+around, len(all)-1); k++ {
			shown[k] = true
		}
	}
	var out strings.Builder
	last := -1
	for n, e := range all {
		if !shown[n] {
			continue
		}
		if last >= 0 && n > last+1 {
			out.WriteString("...\n")
		}
		last = n
		out.WriteByte(e.sign)
		out.WriteString(e.line)
		out.WriteByte('\n')
	}
	return out.String()
}

// edits lead from one text to the other; what goes comes before what takes its place.
func edits(was, is []string) []edit {
	var head, tail []edit
	for len(was) > 0 && len(is) > 0 && was[0] == is[0] {
		head = append(head, edit{' ', was[0]})
		was, is = was[1:], is[1:]
	}
	end := 0
	for end < len(was) && end < len(is) && was[len(was)-1-end] == is[len(is)-1-end] {
		end++
	}
	for _, l := range was[len(was)-end:] {
		tail = append(tail, edit{' ', l})
	}
	return append(append(head, changed(was[:len(was)-end], is[:len(is)-end])...), tail...)
}

// changed keeps a longest common subsequence and tells the rest.
func changed(was, is []string) []edit {
	rows, columns := len(was)+1, len(is)+1
	if rows*columns > mostCells {
		return replaced(was, is)
	}
	common := make([]int32, rows*columns) // of was[i:] and is[j:]
	for i := len(was) - 1; i >= 0; i-- {
		for j := len(is) - 1; j >= 0; j-- {
			if was[i] == is[j] {
				common[i*columns+j] = common[(i+1)*columns+j+1] + 1
			} else {
				common[i*columns+j] = max(common[(i+1)*columns+j], common[i*columns+j+1])
			}
		}
	}
	var out []edit
	i, j := 0, 0
	for i < len(was) && j < len(is) {
		switch {
		case was[i] == is[j]:
			out = append(out, edit{' ', was[i]})
			i, j = i+1, j+1
		case common[(i+1)*columns+j] >= common[i*columns+j+1]:
			out = append(out, edit{'-', was[i]})
			i++
		default:
			out = append(out, edit{'+', is[j]})
			j++
		}
	}
	return append(out, replaced(was[i:], is[j:])...)
}

func replaced(was, is []string) []edit {
	var out []edit
	for _, l := range was {
		out = append(out, edit{'-', l})
	}
	for _, l := range is {
		out = append(out, edit{'+', l})
	}
	return out
}
