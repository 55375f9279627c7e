// What lasts longer than a request and its answer, or must happen exactly once: WebSockets, server-sent events, and POSTs
// that are counted.
package main

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// What RFC 6455 1.3 adds to the client's key.
const socketMagic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

const (
	textFrame  = 1
	closeFrame = 8
)

// socket sends back every frame of a WebSocket until the client closes it.
func socket(w http.ResponseWriter, r *http.Request) {
	connection, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		answer(w, nil, err)
		return
	}
	defer connection.Close()
	fmt.Fprintf(connection, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: %s\r\n\r\n", socketAccept(r.Header.Get("Sec-WebSocket-Key")))
	for {
		kind, payload, err := readFrame(buffered.Reader)
		if err != nil || writeFrame(connection, kind, payload, false) != nil || kind == closeFrame {
			return
		}
	}
}

func socketAccept(key string) string {
	sum := sha1.Sum([]byte(key + socketMagic))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// writeFrame sends one whole frame of at most 125 bytes (RFC 6455 5.2); a client's is masked, here with zeros.
func writeFrame(connection net.Conn, kind byte, payload []byte, masked bool) error {
	frame := []byte{0x80 | kind, byte(len(payload))}
	if masked {
		frame[1] |= 0x80
		frame = append(frame, 0, 0, 0, 0)
	}
	_, err := connection.Write(append(frame, payload...))
	return err
}

func readFrame(reader *bufio.Reader) (byte, []byte, error) {
	head := make([]byte, 2)
	if _, err := io.ReadFull(reader, head); err != nil {
		return 0, nil, err
	}
	mask := make([]byte, 4)
	if head[1]&0x80 != 0 {
		if _, err := io.ReadFull(reader, mask); err != nil {
			return 0, nil, err
		}
	}
	payload := make([]byte, head[1]&0x7f)
	if _, err := io.ReadFull(reader, payload); err != nil {
		return 0, nil, err
	}
	for i := range payload {
		payload[i] ^= mask[i%4]
	}
	return head[0] & 0x0f, payload, nil
}

// events sends an event every 200 ms, and after ?ms= milliseconds the event "end"; 0: it never ends.
func events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	lasts := time.Duration(number(r.FormValue("ms"))) * time.Millisecond
	began := time.Now()
	for lasts == 0 || time.Since(began) < lasts {
		if _, err := fmt.Fprint(w, "data: tick\n\n"); err != nil {
			return
		}
		w.(http.Flusher).Flush()
		time.Sleep(200 * time.Millisecond)
	}
	fmt.Fprint(w, "data: end\n\n")
}

// count notes a request's ?id= in the file COUNT, one line for each time that its whole body came.
func count(w http.ResponseWriter, r *http.Request) {
	received, err := io.Copy(io.Discard, r.Body)
	if err == nil {
		err = note(os.Getenv("COUNT"), strings.TrimSpace(r.FormValue("id")))
	}
	answer(w, []byte(fmt.Sprint(received)), err)
}

// note appends a line in one write, so that several processes may do so at once.
func note(file, line string) error {
	opened, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer opened.Close()
	_, err = opened.WriteString(line + "\n")
	return err
}
