package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"math/rand"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

const postBytes = 1 << 20

// No visit may take longer, waiting in the hold included.
const visitLimit = 2 * time.Minute

// A visit, as it is printed: one JSON object per line.
type visit struct {
	// get, sleep, post, socket or events
	Kind string `json:"kind"`
	// kept, new, tls or h2
	Via string `json:"via"`
	// Unix milliseconds of its begin.
	At int64 `json:"at"`
	Ms int64 `json:"ms"`
	// Empty: it went well.
	Error string `json:"error"`
	// Of a post.
	ID string `json:"id,omitempty"`
	// It would have gone on for ever.
	Endless bool `json:"endless,omitempty"`
}

// visitors go to a service in all ways that there are, from the start to the end of stdin.
type visitors struct {
	plain, secure string
	// How long the longest requests and streams take.
	longest time.Duration
	ports   map[string]string
	clients map[string]*http.Client
	// Done when stdin has ended.
	over   context.Context
	begun  sync.WaitGroup
	output sync.Mutex
}

// visitAll: HTTP_PORT HTTPS_PORT PLAIN_HOST SECURE_HOST LONGEST
func visitAll(arguments []string) {
	longest, err := time.ParseDuration(arguments[4])
	fatal(err)
	over, end := context.WithCancel(context.Background())
	v := &visitors{
		plain:   "http://" + arguments[2],
		secure:  "https://" + arguments[3],
		longest: longest,
		ports:   map[string]string{arguments[2] + ":80": arguments[0], arguments[3] + ":443": arguments[1]},
		over:    over,
	}
	v.clients = map[string]*http.Client{
		"kept": v.client(&http.Transport{MaxIdleConnsPerHost: 100}),
		"new":  v.client(&http.Transport{DisableKeepAlives: true}),
		// A map of no protocols turns HTTP/2 off.
		"tls": v.client(&http.Transport{TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{}}),
		"h2":  v.client(&http.Transport{ForceAttemptHTTP2: true}),
	}
	for _, via := range []string{"kept", "new", "tls", "h2"} {
		go v.every(100*time.Millisecond, func() { v.do(visit{Kind: "get", Via: via}, v.get) })
		go v.every(time.Second, func() { v.do(visit{Kind: "post", Via: via, ID: fmt.Sprintf("%016x", rand.Uint64())}, v.post) })
		go v.every(time.Second, func() { v.do(visit{Kind: "sleep", Via: via}, v.sleep) })
		go v.every(time.Second, func() { v.do(visit{Kind: "events", Via: via}, v.events) })
		go v.endless(visit{Kind: "events", Via: via}, v.events)
	}
	for _, via := range []string{"new", "tls"} {
		go v.every(500*time.Millisecond, func() { v.do(visit{Kind: "socket", Via: via}, v.socket) })
		go v.endless(visit{Kind: "socket", Via: via}, v.socket)
		go v.endless(visit{Kind: "socket", Via: via}, v.socket)
	}
	io.Copy(io.Discard, os.Stdin)
	end()
	v.begun.Wait()
}

func (v *visitors) client(transport *http.Transport) *http.Client {
	transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: true}
	transport.DialContext = v.dial
	return &http.Client{Transport: transport}
}

// dial goes to this machine, whatever the name.
func (v *visitors) dial(ctx context.Context, network, address string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", v.ports[address]))
}

func (v *visitors) every(interval time.Duration, action func()) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-v.over.Done():
			return
		case <-ticker.C:
			v.begun.Add(1)
			go func() {
				defer v.begun.Done()
				action()
			}()
		}
	}
}

// endless begins again whenever it was cut.
func (v *visitors) endless(one visit, action func(context.Context, visit) error) {
	one.Endless = true
	v.begun.Add(1)
	defer v.begun.Done()
	for v.over.Err() == nil {
		v.do(one, action)
	}
}

func (v *visitors) do(one visit, action func(context.Context, visit) error) {
	began := time.Now()
	from := context.Background()
	if one.Endless {
		from = v.over
	} else {
		limited, cancel := context.WithTimeout(from, visitLimit)
		defer cancel()
		from = limited
	}
	err := action(from, one)
	one.At, one.Ms = began.UnixMilli(), time.Since(began).Milliseconds()
	if err != nil && !(one.Endless && v.over.Err() != nil) {
		one.Error = err.Error()
	}
	line, err := json.Marshal(one)
	fatal(err)
	v.output.Lock()
	defer v.output.Unlock()
	fmt.Println(string(line))
}

// lasts is how long a stream takes that ends.
func (v *visitors) lasts() time.Duration {
	return v.longest/10 + time.Duration(rand.Int63n(int64(v.longest*9/10)))
}

func (v *visitors) url(via, path string) string {
	if via == "tls" || via == "h2" {
		return v.secure + path
	}
	return v.plain + path
}

// ask returns the answer to a request when its status is 200.
func (v *visitors) ask(ctx context.Context, one visit, method, path string, body io.Reader) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, v.url(one.Via, path), body)
	fatal(err)
	reply, err := v.clients[one.Via].Do(request)
	if err != nil {
		return nil, err
	}
	if reply.StatusCode != http.StatusOK || (reply.ProtoMajor == 2) != (one.Via == "h2") {
		text, _ := io.ReadAll(io.LimitReader(reply.Body, 100))
		reply.Body.Close()
		return nil, fmt.Errorf("%s %s: %s", reply.Proto, reply.Status, text)
	}
	return reply, nil
}

func (v *visitors) expect(ctx context.Context, one visit, method, path string, body io.Reader, wanted string) error {
	reply, err := v.ask(ctx, one, method, path, body)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err == nil && string(text) != wanted {
		err = fmt.Errorf("it answers %.100q", text)
	}
	return err
}

func (v *visitors) get(ctx context.Context, one visit) error {
	return v.expect(ctx, one, "GET", "/", nil, "soak")
}

func (v *visitors) sleep(ctx context.Context, one visit) error {
	return v.expect(ctx, one, "GET", fmt.Sprintf("/sleep?ms=%d", v.longest.Milliseconds()), nil, "slept")
}

func (v *visitors) post(ctx context.Context, one visit) error {
	// Not bytes.Reader itself: http.Request could send that again by itself.
	body := io.MultiReader(bytes.NewReader(make([]byte, postBytes)))
	return v.expect(ctx, one, "POST", "/count?id="+one.ID, body, fmt.Sprint(postBytes))
}

func (v *visitors) events(ctx context.Context, one visit) error {
	lasts := v.lasts()
	if one.Endless {
		lasts = 0
	}
	reply, err := v.ask(ctx, one, "GET", fmt.Sprintf("/events?ms=%d", lasts.Milliseconds()), nil)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	lines := bufio.NewScanner(reply.Body)
	for lines.Scan() {
		if lines.Text() == "data: end" {
			return nil
		}
	}
	if lines.Err() != nil {
		return lines.Err()
	}
	return io.ErrUnexpectedEOF
}

// socket sends a text every 200 ms, each after the echo of the one before, and closes the WebSocket in the end.
func (v *visitors) socket(ctx context.Context, one visit) error {
	connection, reader, err := v.upgrade(ctx, one.Via)
	if err != nil {
		return err
	}
	defer connection.Close()
	defer context.AfterFunc(ctx, func() { connection.Close() })()
	ends := time.Now().Add(v.lasts())
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	for n := 0; one.Endless || time.Now().Before(ends); n++ {
		if err := echoed(connection, reader, textFrame, fmt.Sprint("message ", n)); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
	return echoed(connection, reader, closeFrame, "")
}

func (v *visitors) upgrade(ctx context.Context, via string) (net.Conn, *bufio.Reader, error) {
	scheme, host, _ := strings.Cut(v.url(via, ""), "://")
	port := map[string]string{"http": ":80", "https": ":443"}[scheme]
	connection, err := v.dial(ctx, "tcp", host+port)
	if err != nil {
		return nil, nil, err
	}
	if scheme == "https" {
		connection = tls.Client(connection, &tls.Config{InsecureSkipVerify: true, ServerName: host})
	}
	defer context.AfterFunc(ctx, func() { connection.Close() })()
	key := "dGhlIHNhbXBsZSBub25jZQ=="
	fmt.Fprintf(connection, "GET /socket HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n", host, key)
	reader := bufio.NewReader(connection)
	reply, err := http.ReadResponse(reader, nil)
	if err == nil && (reply.StatusCode != 101 || reply.Header.Get("Sec-WebSocket-Accept") != socketAccept(key)) {
		err = fmt.Errorf("no WebSocket: %s", reply.Status)
	}
	if err != nil {
		connection.Close()
		return nil, nil, err
	}
	return connection, reader, nil
}

func echoed(connection net.Conn, reader *bufio.Reader, kind byte, text string) error {
	if err := writeFrame(connection, kind, []byte(text), true); err != nil {
		return err
	}
	back, payload, err := readFrame(reader)
	if err == nil && (back != kind || string(payload) != text) {
		err = fmt.Errorf("echo %d %q", back, payload)
	}
	return err
}
