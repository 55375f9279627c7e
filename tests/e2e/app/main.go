// The program that stands for a user's app in the end-to-end tests. One static binary for `FROM scratch` images.
//
// Environment:
//
//	TEXT        what every path answers that has no other answer; {path} in it is the path asked for, {ready} the Unix
//	            milliseconds at which it began to listen
//	PORT        where it listens, 80 unless given
//	LISTEN      on which address, 0.0.0.0 unless given
//	BOOT        how long it takes before it listens, such as 1s
//	DELAY       how long each request takes, such as 20ms
//	ALLOC       megabytes of memory that it takes and uses before it listens
//	HEALTHY     /health answers 503 until this time after the start, such as 2s; 200 from then on
//	ECHO        a port on which it sends back what it gets, over TCP and UDP
//	EXIT_NOW    exits with this code before it listens
//	EXIT_AFTER  exits with EXIT_CODE after this time
//	COUNT       the file in which /count notes what it got
//	IGNORE_TERM not empty: SIGTERM does nothing; else it exits at once, requests or not
//
// `app call SOCKET METHOD PATH BODY [NAME:VALUE...]` is a client instead: it sends one request over a unix socket and
// prints the status on one line and the answer after it. `app visit HTTP_PORT HTTPS_PORT PLAIN_HOST SECURE_HOST LONGEST`
// visits a service in all ways until its stdin ends (visit.go), and prints one JSON object for every visit.
package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "call" {
		call(os.Args[2:])
		return
	}
	if len(os.Args) > 1 && os.Args[1] == "visit" {
		visitAll(os.Args[2:])
		return
	}
	terminate := make(chan os.Signal, 1)
	signal.Notify(terminate, syscall.SIGTERM)
	if os.Getenv("IGNORE_TERM") == "" {
		go func() {
			<-terminate
			os.Exit(0)
		}()
	}
	fmt.Println("app starts")
	if code := os.Getenv("EXIT_NOW"); code != "" {
		fmt.Fprintln(os.Stderr, "app cannot go on: exit", code)
		os.Exit(number(code))
	}
	if after := duration("EXIT_AFTER"); after > 0 {
		time.AfterFunc(after, func() {
			fmt.Fprintln(os.Stderr, "app ends by itself")
			os.Exit(number(os.Getenv("EXIT_CODE")))
		})
	}
	time.Sleep(duration("BOOT"))
	taken := take(number(setting("ALLOC", "0")))
	defer runtime.KeepAlive(taken)
	if port := os.Getenv("ECHO"); port != "" {
		echo(port)
	}
	address := net.JoinHostPort(setting("LISTEN", "0.0.0.0"), setting("PORT", "80"))
	fmt.Println("app listens on", address)
	listener, err := net.Listen("tcp", address)
	fatal(err)
	fmt.Fprintln(os.Stderr, http.Serve(listener, routes(time.Now())))
	os.Exit(1)
}

func routes(ready time.Time) http.Handler {
	delay := duration("DELAY")
	healthy := time.Now().Add(duration("HEALTHY"))
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		known := strings.NewReplacer("{path}", r.URL.Path, "{ready}", fmt.Sprint(ready.UnixMilli()))
		fmt.Fprint(w, known.Replace(os.Getenv("TEXT")))
	})
	mux.HandleFunc("/health", func(w http.ResponseWriter, r *http.Request) {
		if time.Now().Before(healthy) {
			http.Error(w, "not yet", http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("/env", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, os.Getenv(r.FormValue("name")))
	})
	mux.HandleFunc("/host", func(w http.ResponseWriter, r *http.Request) {
		name, _ := os.Hostname()
		fmt.Fprint(w, name)
	})
	mux.HandleFunc("/fetch", fetch)
	mux.HandleFunc("/socket", socket)
	mux.HandleFunc("/events", events)
	mux.HandleFunc("/count", count)
	mux.HandleFunc("/write", func(w http.ResponseWriter, r *http.Request) {
		answer(w, nil, os.WriteFile(r.FormValue("file"), []byte(r.FormValue("text")), 0o644))
	})
	mux.HandleFunc("/read", func(w http.ResponseWriter, r *http.Request) {
		content, err := os.ReadFile(r.FormValue("file"))
		answer(w, content, err)
	})
	mux.HandleFunc("/sleep", func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(time.Duration(number(r.FormValue("ms"))) * time.Millisecond)
		fmt.Fprint(w, "slept")
	})
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		hash := sha256.New()
		count, err := io.Copy(hash, r.Body)
		answer(w, []byte(fmt.Sprintf("%x %d", hash.Sum(nil), count)), err)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(delay)
		mux.ServeHTTP(w, r)
	})
}

// take fills memory, so that it is really used.
func take(megabytes int) []byte {
	memory := make([]byte, megabytes<<20)
	for i := 0; i < len(memory); i += 4096 {
		memory[i] = 1
	}
	return memory
}

// echo sends back what comes to a port.
func echo(port string) {
	tcp, err := net.Listen("tcp", ":"+port)
	fatal(err)
	udp, err := net.ListenPacket("udp", ":"+port)
	fatal(err)
	go func() {
		for {
			connection, err := tcp.Accept()
			fatal(err)
			go io.Copy(connection, connection)
		}
	}()
	go func() {
		buffer := make([]byte, 2048)
		for {
			count, from, err := udp.ReadFrom(buffer)
			fatal(err)
			udp.WriteTo(buffer[:count], from)
		}
	}()
}

// fetch gets ?url= from inside the container, over a connection of its own: what it sees of the network.
func fetch(w http.ResponseWriter, r *http.Request) {
	client := http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	reply, err := client.Get(r.FormValue("url"))
	if err != nil {
		answer(w, nil, err)
		return
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(io.LimitReader(reply.Body, 1<<20))
	answer(w, body, err)
}

func answer(w http.ResponseWriter, body []byte, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	w.Write(body)
}

func call(arguments []string) {
	socket, method, path, body, headers := arguments[0], arguments[1], arguments[2], arguments[3], arguments[4:]
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}}
	request, err := http.NewRequest(method, "http://daemon"+path, strings.NewReader(body))
	fatal(err)
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ":")
		request.Header.Set(name, strings.TrimSpace(value))
	}
	reply, err := client.Do(request)
	fatal(err)
	defer reply.Body.Close()
	fmt.Println(reply.StatusCode)
	_, err = io.Copy(os.Stdout, reply.Body)
	fatal(err)
}

func fatal(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func setting(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return fallback
}

func duration(name string) time.Duration {
	value, err := time.ParseDuration(setting(name, "0s"))
	fatal(err)
	return value
}

func number(text string) int {
	value, err := strconv.Atoi(text)
	fatal(err)
	return value
}
