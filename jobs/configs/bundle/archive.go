package bundle

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"slices"
	"time"
)

func (c *collection) zip(name string, body []byte) error {
	r, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return refuse(name, "is no zip that can be read: "+err.Error())
	}
	for _, f := range r.File {
		if f.Mode().IsDir() {
			if _, err := clean(f.Name); err != nil {
				return err
			}
			continue
		}
		if f.Mode()&fs.ModeType != 0 {
			return refuse(f.Name, "is a link or device")
		}
		cleaned, ok, err := c.entry(f.Name)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		text, err := c.unpack(f)
		if err != nil {
			return err
		}
		if err := c.take(cleaned, text); err != nil {
			return err
		}
	}
	return nil
}

// unpack reads no more of a file than one may have, whatever size it states.
func (c *collection) unpack(f *zip.File) ([]byte, error) {
	const encrypted = 1
	if f.Flags&encrypted != 0 {
		return nil, refuse(f.Name, "is encrypted")
	}
	r, err := f.Open()
	if err != nil {
		return nil, refuse(f.Name, "cannot be unpacked: "+err.Error())
	}
	text, err := io.ReadAll(io.LimitReader(r, c.limits.FileBytes+1))
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, refuse(f.Name, "cannot be unpacked: "+err.Error())
	}
	return text, nil
}

func (c *collection) tar(name string, body []byte) error {
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return refuse(name, "is no gzip that can be read: "+err.Error())
	}
	// Headers and padding of a tar file take up to this much an entry.
	const overhead = 2 << 10
	most := c.limits.TotalBytes + int64(c.limits.Files)*entriesPerFile*overhead - c.spent.stream
	stream := &io.LimitedReader{R: z, N: most}
	defer func() { c.spent.stream += most - stream.N }()
	r := tar.NewReader(stream)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) && stream.N > 0 {
			return nil
		}
		if err == nil {
			err = c.tarEntry(r, h)
		}
		switch {
		case err == nil:
		case stream.N <= 0:
			return tooLarge(name, "unpacks to more than %d bytes", c.limits.TotalBytes)
		case errors.Is(err, ErrBundle), errors.Is(err, ErrTooLarge):
			return err
		default:
			return refuse(name, "is no tar file that can be read: "+err.Error())
		}
	}
}

func (c *collection) tarEntry(r io.Reader, h *tar.Header) error {
	switch h.Typeflag {
	case tar.TypeXGlobalHeader:
		return nil
	case tar.TypeDir:
		_, err := clean(h.Name)
		return err
	case tar.TypeReg:
	default:
		return refuse(h.Name, "is a link or device")
	}
	cleaned, ok, err := c.entry(h.Name)
	if err != nil || !ok {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(r, c.limits.FileBytes+1))
	if err != nil {
		return err
	}
	return c.take(cleaned, text)
}

// Write makes a zip of files, the same bytes for the same files and time.
func Write(w io.Writer, files []File, mod time.Time) error {
	z := zip.NewWriter(w)
	files = slices.SortedFunc(slices.Values(files), func(a, b File) int { return cmp.Compare(a.Name, b.Name) })
	for i, f := range files {
		cleaned, err := clean(f.Name)
		if err != nil {
			return err
		}
		if cleaned != f.Name || i > 0 && files[i-1].Name == f.Name {
			return refuse(f.Name, "is there twice or not clean")
		}
		out, err := z.CreateHeader(&zip.FileHeader{Name: f.Name, Method: zip.Deflate, Modified: mod.UTC()})
		if err != nil {
			return err
		}
		if _, err := out.Write(f.Text); err != nil {
			return err
		}
	}
	return z.Close()
}
