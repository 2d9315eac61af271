import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;

/** A runtime and its handler in one file, for `java Handler.java`: it answers with its event. */
public class Handler {
    private static int calls = 0;

    static String handle(String event) {
        calls++;
        if (event.contains("boom")) {
            throw new IllegalStateException("boom");
        }
        return "{\"calls\":" + calls + ",\"event\":" + event + "}";
    }

    public static void main(String[] arguments) throws IOException {
        String api = "http://" + System.getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/";
        while (true) {
            HttpURLConnection next = open(api + "invocation/next");
            String event = text(next.getInputStream());
            String id = next.getHeaderField("Lambda-Runtime-Aws-Request-Id");
            try {
                post(api + "invocation/" + id + "/response", handle(event));
            } catch (RuntimeException error) {
                System.err.println("failed: " + error.getMessage());
                String type = error.getClass().getName();
                String body = "{\"errorMessage\":\"" + error.getMessage() + "\",\"errorType\":\"" + type + "\"}";
                post(api + "invocation/" + id + "/error", body);
            }
        }
    }

    private static HttpURLConnection open(String address) throws IOException {
        return (HttpURLConnection) URI.create(address).toURL().openConnection();
    }

    private static void post(String address, String body) throws IOException {
        HttpURLConnection connection = open(address);
        connection.setRequestMethod("POST");
        connection.setDoOutput(true);
        connection.getOutputStream().write(body.getBytes(StandardCharsets.UTF_8));
        text(connection.getInputStream());
    }

    private static String text(InputStream stream) throws IOException {
        try (stream) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
