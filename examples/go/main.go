// Counts its visits in the database, with nothing but the standard library.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const database = "database:6379" // a service's name leads to it

func main() {
	mux := http.NewServeMux()
	// Of this app alone: it may start before the database.
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /{$}", page)
	server := &http.Server{Addr: ":8080", Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		log.Print("listening on port 8080")
		if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
			log.Fatal(err)
		}
	}()

	// MyPaas stops a container with SIGTERM: finish the requests under way.
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, os.Interrupt)
	<-stop
	if err := server.Shutdown(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func page(w http.ResponseWriter, r *http.Request) {
	visits, err := countVisit(r.Context())
	if err != nil {
		http.Error(w, "No answer from the database: "+err.Error(), http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "Hello from Go, visit number", visits)
}

// countVisit adds one to the counter. A database that is being replaced is away for seconds: keep trying.
func countVisit(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		visits, err := increment(ctx)
		if err == nil {
			return visits, nil
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return 0, err
		}
	}
}

func increment(ctx context.Context) (visits int, err error) {
	dialer := net.Dialer{Timeout: 2 * time.Second}
	connection, err := dialer.DialContext(ctx, "tcp", database)
	if err != nil {
		return 0, err
	}
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(2 * time.Second))
	fmt.Fprint(connection, "INCR hello-go\r\n")
	_, err = fmt.Fscanf(connection, ":%d\r\n", &visits)
	return visits, err
}
