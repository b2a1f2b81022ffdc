import http from 'k6/http';
import { check, fail } from 'k6';
import { parseHTML } from 'k6/html';

export default function () {
  const res = http.get('https://test.k6.io/my_messages.php');
  const token = res.html().find('input[name=csrf]').attr('value');
  const first = res.html('a').first().text();
  if (!token) fail(`no token in ${res.url}`);
  const login = http.post('https://test.k6.io/login', { login: 'admin', password: __ENV.PASSWORD, csrf: token }, {
    redirects: 0, responseType: 'none',
  });
  check(login, {
    'is redirected': (r) => r.status === 302 && r.headers.Location.includes('my_messages'),
    'has cookie': (r) => r.cookies.sid[0].value !== '',
    'took less than a second': (r) => r.timings.duration < 1000,
    'no error': (r) => !r.error,
  });
  console.log(first, res.html('li').size());
}
